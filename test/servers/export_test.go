package servers

// Running lets the tests ask after processes that they did not start.
var Running = running
