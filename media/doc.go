// Package media gets the files of voice, video and picture messages and makes
// of them what the wall plays and shows.
//
// Maker is the pure part: one file in, new files out, nothing else touched. A
// file's format comes from its bytes against an allow-list; the platform's
// word, names and extensions are never believed. Everything that becomes public
// was written by us: voices and videos by ffmpeg as a bounded child process,
// pictures by the image packages of Go. The one exception is an AMR-NB voice on
// a machine without ffmpeg, which is passed on after each of its frames was
// checked.
//
// Worker is the durable part: jobs that fetch a file and have it made. The
// package stores no bytes itself (package blob does) and decides nothing about
// who may see a file (package wall does).
package media
