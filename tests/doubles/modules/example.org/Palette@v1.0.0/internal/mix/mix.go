// Package mix blends two colours.
package mix

// Two colours, each from 0 to 255, half and half.
func Two(a, b int) int {
	return (a + b) / 2
}
