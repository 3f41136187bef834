// Package greeting says hello.
package greeting

// Hello greets by name.
func Hello(name string) string {
	return "Hello, " + name
}
