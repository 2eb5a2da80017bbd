// Package bench measures the built service by its own limits: each figure
// stands beside a limit of the same machine in the same run, a bare Echo
// handler that does nothing, the bcrypt library, pgbench, so that it carries
// over to other machines. Run it with `make bench`.
//
// What is compared is CPU time of the server's process, which says the same on
// a busy machine as on a quiet one; rounds of the compared alternate, and
// medians are told. It judges nothing: the targets are printed beside.
//
// It reads /proc and other processes' CPU clocks, so it measures on Linux
// alone.
package bench
