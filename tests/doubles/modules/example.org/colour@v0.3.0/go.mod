module example.org/colour

go 1.19

require example.org/greeting v1.1.0
