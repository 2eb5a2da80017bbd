// Package system takes from the machine what the use cases must not take
// themselves: the time and randomness for identifiers. It keeps no state.
package system
