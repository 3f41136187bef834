/* What leaves the process: bytes on stdout, one line on stderr, the exit code. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/command.h"
#include "gateway/gateway.h"

void complain(const char *format, ...)
{
	struct err line = ERR_INIT;
	char text[ERR_TEXT_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	/* err_set() leaves no control character: what was typed, or a file's bytes, cannot move the cursor. */
	err_set(&line, 0, "%s", text);
	fprintf(stderr, "modgate: %s\n", line.text);
}

enum exit_code misused(const struct command *command, const char *format, ...)
{
	struct buf usage = BUF_INIT(4096);
	char text[ERR_TEXT_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	complain("%s: %s", command->name, text);
	usage_line(command, &usage);
	fprintf(stderr, "usage: %s", buf_text(&usage));
	buf_free(&usage);
	return EXIT_USAGE;
}

int output_bytes(struct slice bytes)
{
	while (bytes.len > 0) {
		ssize_t written = write(STDOUT_FILENO, bytes.ptr, bytes.len);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return errno == EPIPE ? 0 : -1;
		bytes = slice_after(bytes, (size_t)written);
	}
	return 1;
}

enum exit_code output(const struct buf *out)
{
	if (buf_failed(out)) {
		complain("the answer is too long, or memory is short");
		return EXIT_ENVIRONMENT;
	}
	if (output_bytes(buf_slice(out)) < 0) {
		complain("standard output: %s", strerror(errno));
		return EXIT_ENVIRONMENT;
	}
	return EXIT_DONE;
}

static enum exit_code exit_of(int code)
{
	switch (code) {
	case 0:
		return EXIT_DONE;
	case GATEWAY_ERR_NO:
		return EXIT_NO;
	case GATEWAY_ERR_INVALID:
		return EXIT_USAGE;
	default:
		return EXIT_ENVIRONMENT;
	}
}

enum exit_code gateway_exit(int code, const struct err *err)
{
	if (code != 0)
		complain("%s", err->text);
	return exit_of(code);
}

enum exit_code settings_exit(int code, const struct err *err)
{
	if (code == 0)
		return EXIT_DONE;
	complain("%s", err->text);
	return code == SETTINGS_ERR_INVALID ? EXIT_USAGE : EXIT_ENVIRONMENT;
}

enum exit_code answer_exit(int code, const struct buf *out, const struct err *err)
{
	enum exit_code written = code == 0 || code == GATEWAY_ERR_NO ? output(out) : EXIT_DONE;
	if (code != 0 && err->text[0] != '\0')
		complain("%s", err->text);
	return written != EXIT_DONE ? written : exit_of(code);
}
