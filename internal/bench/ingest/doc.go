// Command ingest measures what a callback costs, next to servers that do less:
//
//	go run ./internal/bench/ingest
//
// Each row of its table is a server in a process of its own; the load comes
// from this process, over 64 connections that stay open, with pushes in safe
// mode that were encrypted and signed before. All rows get the same bytes. They
// take turns over several rounds, and what counts is the median of the ratios
// within a round: the machine's other work hits all rows of a round alike.
//
// It ends with 1 where a wanted value is missed, and with 2 where it could not
// measure. It judges speed alone; that what was answered is stored is counted
// here, and shown by the tests of store and cmd.
package main
