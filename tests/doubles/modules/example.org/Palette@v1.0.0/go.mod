module example.org/Palette

go 1.19
