// Package callbackd holds the nouns of the product: typed ids, the things they
// name, the pure rules over them, and the vocabulary of jobs and errors.
//
// It imports the standard library only and is imported by every other package.
// It stores nothing, talks to nobody and reads no clock.
package callbackd
