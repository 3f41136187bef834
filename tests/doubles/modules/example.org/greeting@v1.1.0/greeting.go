// Package greeting says hello.
package greeting

// Hello greets by name.
func Hello(name string) string {
	return "Hello, " + name
}

// Goodbye is the other end of Hello.
func Goodbye(name string) string {
	return "Goodbye, " + name
}
