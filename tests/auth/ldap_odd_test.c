/* A directory that answers what no honest one would: made of fixed bytes, on a socket of its own. */
#include "tests/auth/support.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#define REQUEST_MAX 4096

/* What comes for a search, each message without its number: that stands at byte 4 and is the request's. */
struct odd_directory {
	int listening;
	char path[128], uri[512];
	pthread_t threads[2]; /* one for the searches, one for the binds */
	struct slice entry;
	_Atomic int binds;
};

/* One request, whose length fits one byte. False: the caller has gone. */
static bool read_request(int fd, unsigned char request[REQUEST_MAX])
{
	size_t len = 0;

	while (len < 2 || len < 2u + request[1]) {
		ssize_t n = read(fd, request + len, len < 2 ? 2 - len : 2 + request[1] - len);

		if (n <= 0)
			return false;
		len += (size_t)n;
	}
	return len > 5;
}

static void answer(int fd, unsigned char number, struct slice message)
{
	char bytes[REQUEST_MAX];

	memcpy(bytes, message.ptr, message.len);
	bytes[4] = (char)number;
	if (send(fd, bytes, message.len, MSG_NOSIGNAL) != (ssize_t)message.len)
		print_message("the caller has gone\n");
}

static void serve(struct odd_directory *directory, int fd)
{
	static const struct slice bound = { "\x30\x0c\x02\x01\x00\x61\x07\x0a\x01\x00\x04\x00\x04\x00", 14 };
	static const struct slice done = { "\x30\x0c\x02\x01\x00\x65\x07\x0a\x01\x00\x04\x00\x04\x00", 14 };
	unsigned char request[REQUEST_MAX];

	while (read_request(fd, request)) {
		if (request[5] == 0x60) {
			directory->binds++;
			answer(fd, request[4], bound);
		} else if (request[5] == 0x63) {
			answer(fd, request[4], directory->entry);
			answer(fd, request[4], done);
		} else {
			return;
		}
	}
}

static void *run(void *arg)
{
	struct odd_directory *directory = arg;
	int fd;

	while ((fd = accept(directory->listening, NULL, NULL)) >= 0) {
		serve(directory, fd);
		close(fd);
	}
	return NULL;
}

static void add_encoded(char *out, const char *path)
{
	for (; *path != '\0'; path++)
		out += sprintf(out, *path == '/' ? "%%2F" : "%c", *path);
}

static void directory_open(struct odd_directory *directory, struct slice entry, void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	memset(directory, 0, sizeof(*directory));
	directory->entry = entry;
	snprintf(directory->path, sizeof(directory->path), "%s", scratch_path(state, "ldapi"));
	unlink(directory->path);
	strcpy(directory->uri, "ldapi://");
	add_encoded(directory->uri + strlen(directory->uri), directory->path);
	memcpy(address.sun_path, directory->path, strlen(directory->path) + 1);
	directory->listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(directory->listening, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(directory->listening, 4), 0);
	for (size_t i = 0; i < LENGTH(directory->threads); i++)
		assert_int_equal(pthread_create(&directory->threads[i], NULL, run, directory), 0);
}

static void directory_close(struct odd_directory *directory)
{
	shutdown(directory->listening, SHUT_RDWR);
	for (size_t i = 0; i < LENGTH(directory->threads); i++)
		pthread_join(directory->threads[i], NULL);
	close(directory->listening);
}

/* One BER element of at most 127 bytes. */
static void add_element(struct buf *out, int tag, struct slice content)
{
	assert_true(content.len < 128);
	buf_add_char(out, (char)tag);
	buf_add_char(out, (char)content.len);
	buf_add_slice(out, content);
}

/* Puts all that out holds into one element. */
static void wrap(struct buf *out, int tag)
{
	struct buf content = *out;

	buf_init(out, REQUEST_MAX);
	add_element(out, tag, buf_slice(&content));
	buf_free(&content);
}

/* A search result entry of message 0, with one uid or none. RFC 4511 section 4.5.2. */
static void entry_make(const char *dn, const char *uid, struct buf *out)
{
	struct buf attributes = BUF_INIT(REQUEST_MAX), body = BUF_INIT(REQUEST_MAX);

	if (uid != NULL) {
		struct buf values = BUF_INIT(REQUEST_MAX);

		add_element(&values, 0x04, slice_of(uid));
		wrap(&values, 0x31);
		add_element(&attributes, 0x04, SLICE("uid"));
		buf_add_slice(&attributes, buf_slice(&values));
		wrap(&attributes, 0x30);
		buf_free(&values);
	}
	wrap(&attributes, 0x30);
	add_element(&body, 0x04, slice_of(dn));
	buf_add_slice(&body, buf_slice(&attributes));
	wrap(&body, 0x64);
	add_element(out, 0x02, SLICE("\0"));
	buf_add_slice(out, buf_slice(&body));
	wrap(out, 0x30);
	buf_free(&attributes);
	buf_free(&body);
}

/* Every bind succeeds here, whoever it is for: what counts is as whom we would have bound. */
static void test_entries(void **state)
{
	static const struct {
		const char *name, *dn, *uid;
		enum auth_reason want;
	} rows[] = {
		{ "an honest one", "uid=anna,dc=example", "anna", AUTH_REASON_NONE },
		{ "without a DN", "", "anna", AUTH_REASON_NO_USER_NAME },
		{ "without a name", "uid=anna,dc=example", NULL, AUTH_REASON_NO_USER_NAME },
		{ "with neither", "", NULL, AUTH_REASON_NO_USER_NAME },
	};

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct odd_directory odd;
		struct buf entry = BUF_INIT(REQUEST_MAX);
		const char *uris[] = { odd.uri };
		struct auth_ldap_options options = { .uris = uris, .uris_count = 1, .user_base = "dc=example", .timeout_ms = 3000 };
		struct auth_directory *directory = NULL;
		const struct auth_noter noter = { .note = NULL };
		struct auth_answer got = { .code = 0 };
		struct err err = ERR_INIT;

		entry_make(rows[i].dn, rows[i].uid, &entry);
		directory_open(&odd, buf_slice(&entry), state);
		if (auth_ldap_open(&options, &turned_clock, &noter, &directory, &err) < 0)
			fail_msg("%s", err.text);
		directory->class->sign_in(directory, SLICE("anna"), SLICE("secret"), &got);
		CHECK(rows[i].name, got.reason == rows[i].want);
		CHECK(rows[i].name, (got.identity != NULL) == (rows[i].want == AUTH_REASON_NONE));
		CHECK(rows[i].name, odd.binds >= 2); /* the service's, and the one that stands for the user's */
		auth_identity_unref(got.identity);
		directory->class->close(directory);
		directory_close(&odd);
		buf_free(&entry);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_entries, scratch_setup, scratch_teardown),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
