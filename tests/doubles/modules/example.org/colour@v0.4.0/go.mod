module example.org/colour

go 1.19

require example.org/greeting v1.1.0

retract v0.3.1 // green came out red
