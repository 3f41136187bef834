/* Time: the machine's clocks, and RFC 3339 both ways. */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

#define US_PER_S  1000000
#define S_PER_DAY 86400
/* 0000-01-01T00:00:00Z and 9999-12-31T23:59:59Z: RFC 3339 has four digits for the year. */
#define WALL_S_MIN (-62167219200)
#define WALL_S_MAX 253402300799

static int64_t read_us(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * US_PER_S + now.tv_nsec / 1000;
}

static int64_t system_wall_us(void *ctx)
{
	(void)ctx;
	return read_us(CLOCK_REALTIME);
}

static int64_t system_monotonic_us(void *ctx)
{
	(void)ctx;
	return read_us(CLOCK_MONOTONIC);
}

const struct clock clock_system = { .wall_us = system_wall_us, .monotonic_us = system_monotonic_us, .ctx = NULL };

int64_t clock_wall_us(const struct clock *clock)
{
	return clock->wall_us(clock->ctx);
}

int64_t clock_monotonic_us(const struct clock *clock)
{
	return clock->monotonic_us(clock->ctx);
}

/* Both directions count in years that begin in March, so that the leap day is a year's last; 719468 days lie between 0000-03-01 and 1970-01-01. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static void date_of(int64_t days, int *year_out, int *month_out, int *day_out)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t day_of_era = z - era * 146097;
	int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month = (5 * day_of_year + 2) / 153;

	*day_out = (int)(day_of_year - (153 * month + 2) / 5 + 1);
	*month_out = (int)(month < 10 ? month + 3 : month - 9);
	*year_out = (int)(year_of_era + era * 400 + (*month_out <= 2 ? 1 : 0));
}

/* Without what comes after the seconds. Returns the length. */
static int format(int64_t wall_s, char out[CLOCK_TEXT_MAX])
{
	int64_t days;
	int second;
	int year;
	int month;
	int day;

	if (wall_s < WALL_S_MIN)
		wall_s = WALL_S_MIN;
	if (wall_s > WALL_S_MAX)
		wall_s = WALL_S_MAX;
	days = (wall_s - WALL_S_MIN) / S_PER_DAY + WALL_S_MIN / S_PER_DAY;
	second = (int)(wall_s - days * S_PER_DAY);
	date_of(days, &year, &month, &day);
	return snprintf(out, CLOCK_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d", year, month, day, second / 3600, second / 60 % 60, second % 60);
}

void clock_format_us(int64_t wall_us, char out[CLOCK_TEXT_MAX])
{
	int64_t fraction = wall_us % US_PER_S;
	int n = format(wall_us / US_PER_S - (fraction < 0 ? 1 : 0), out);

	if (fraction < 0)
		fraction += US_PER_S;
	snprintf(out + n, CLOCK_TEXT_MAX - (size_t)n, ".%06dZ", (int)fraction);
}

void clock_format_s(int64_t wall_s, char out[CLOCK_TEXT_MAX])
{
	int n = format(wall_s, out);

	snprintf(out + n, CLOCK_TEXT_MAX - (size_t)n, "Z");
}

/* Takes exactly `digits` digits off the front. */
static bool take_number(struct slice *rest, size_t digits, long long *number_out)
{
	if (rest->len < digits || !slice_to_number(slice_sub(*rest, 0, digits), number_out))
		return false;
	*rest = slice_after(*rest, digits);
	return true;
}

static bool take_char(struct slice *rest, char c)
{
	if (rest->len == 0 || rest->ptr[0] != c)
		return false;
	*rest = slice_after(*rest, 1);
	return true;
}

static bool take_date(struct slice *rest, int64_t *days_out)
{
	static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	long long year;
	long long month;
	long long day;
	bool leap;

	if (!take_number(rest, 4, &year) || !take_char(rest, '-') || !take_number(rest, 2, &month) || !take_char(rest, '-') ||
		!take_number(rest, 2, &day))
		return false;
	if (month < 1 || month > 12)
		return false;
	leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	if (day < 1 || day > lengths[month - 1] + (leap && month == 2 ? 1 : 0))
		return false;
	*days_out = days_of(year, month, day);
	return true;
}

static bool take_time(struct slice *rest, int64_t *second_out)
{
	long long hour;
	long long minute;
	long long second;

	if (!take_number(rest, 2, &hour) || !take_char(rest, ':') || !take_number(rest, 2, &minute) || !take_char(rest, ':') ||
		!take_number(rest, 2, &second))
		return false;
	if (hour > 23 || minute > 59 || second > 59)
		return false;
	*second_out = hour * 3600 + minute * 60 + second;
	return true;
}

/* Digits beyond the microsecond are dropped. */
static bool take_fraction(struct slice *rest, int64_t *us_out)
{
	int64_t us = 0;
	int64_t weight = US_PER_S / 10;
	long long digit;

	*us_out = 0;
	if (!take_char(rest, '.'))
		return true;
	if (rest->len == 0 || rest->ptr[0] < '0' || rest->ptr[0] > '9')
		return false;
	while (rest->len > 0 && take_number(rest, 1, &digit)) {
		us += digit * weight;
		weight /= 10;
	}
	*us_out = us;
	return true;
}

static bool take_offset(struct slice *rest, int64_t *second_out)
{
	long long hour;
	long long minute;
	bool east;

	if (take_char(rest, 'Z') || take_char(rest, 'z')) {
		*second_out = 0;
		return true;
	}
	east = take_char(rest, '+');
	if (!east && !take_char(rest, '-'))
		return false;
	if (!take_number(rest, 2, &hour) || !take_char(rest, ':') || !take_number(rest, 2, &minute) || hour > 23 || minute > 59)
		return false;
	*second_out = (east ? 1 : -1) * (hour * 3600 + minute * 60);
	return true;
}

bool clock_parse(struct slice text, int64_t *wall_us_out)
{
	struct slice rest = text;
	int64_t days;
	int64_t second = 0;
	int64_t us = 0;
	int64_t offset = 0;

	if (!take_date(&rest, &days))
		return false;
	if (rest.len > 0) {
		if (!take_char(&rest, 'T') && !take_char(&rest, 't'))
			return false;
		if (!take_time(&rest, &second) || !take_fraction(&rest, &us) || !take_offset(&rest, &offset) || rest.len > 0)
			return false;
	}
	*wall_us_out = (days * S_PER_DAY + second - offset) * US_PER_S + us;
	return true;
}
