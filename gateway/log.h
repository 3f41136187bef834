/* The log on stderr: a line an event, JSON unless stderr is a terminal. Never a secret, never untrusted bytes outside a JSON string. */
#ifndef GATEWAY_LOG_H
#define GATEWAY_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG, LOG_LEVELS };

/* Immutable after set-up; any thread. */
struct log {
	enum log_level level; /* what is less urgent is dropped */
	bool json;
};

/* request: the id of the request it is about, or NULL. One write(2) a line. */
void log_write(const struct log *log, enum log_level level, const char *request, const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
