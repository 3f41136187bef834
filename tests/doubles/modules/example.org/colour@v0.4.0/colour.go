// Package colour paints text for a terminal.
package colour

import "example.org/greeting"

// Green is text in green.
func Green(text string) string {
	return "\x1b[92m" + text + "\x1b[0m"
}

// Greet is a green greeting.
func Greet(name string) string {
	return Green(greeting.Hello(name))
}
