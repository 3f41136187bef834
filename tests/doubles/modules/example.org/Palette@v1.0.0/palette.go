// Package palette names colours.
package palette

// Names of the colours that there are.
var Names = []string{"green", "red"}
