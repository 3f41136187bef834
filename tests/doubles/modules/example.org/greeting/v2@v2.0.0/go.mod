module example.org/greeting/v2

go 1.19
