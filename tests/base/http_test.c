#include "base/http.h"

#include <fcntl.h>
#include <semaphore.h>

#include "base/clock.h"
#include "tests/base/http_double.h"
#include "tests/base/http_helpers.h"

static int64_t now_ms(void)
{
	return clock_monotonic_us(&clock_system) / 1000;
}

static void test_answers(void **state)
{
	static const struct {
		const char *name;
		const char *path;
		size_t body_max;
		int code;
		long status;
		size_t body;
	} rows[] = {
		{ "empty", "/bytes/0", 0, 0, 200, 0 },
		{ "N", "/bytes/1000", 1000, 0, 200, 1000 },
		{ "N+1", "/bytes/1001", 1000, BASE_ERR_LIMIT, 0, 0 },
		{ "one into nothing", "/bytes/1", 0, BASE_ERR_LIMIT, 0, 0 },
		{ "N without a length", "/chunked/100000", 100000, 0, 200, 100000 },
		{ "N+1 without a length", "/chunked/100001", 100000, BASE_ERR_LIMIT, 0, 0 },
		{ "absent", "/other/404/7", 0, 0, 404, 7 },
		{ "an error's body, N", "/other/500/4096", 0, 0, 500, HTTP_OTHER_BODY_MAX },
		{ "an error's body, N+1", "/other/410/4097", 0, 0, 410, HTTP_OTHER_BODY_MAX },
		{ "an endless error", "/other/500/99999999", 0, 0, 500, HTTP_OTHER_BODY_MAX },
		{ "no content", "/other/204/0", 0, 0, 204, 0 },
		{ "a redirect is not followed", "/redirect", 100, 0, 302, 0 },
		{ "early hints", "/early", 100, 0, 200, 2 },
		{ "cut", "/cut", 1000, BASE_ERR, 0, 0 },
	};
	struct http_double server;
	struct http_client *client = open_client(0);

	(void)state;
	double_start(&server, NULL);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct http_request request = { .url = url_of(&server, rows[i].path), .body_max = rows[i].body_max };
		struct http_response response = { .status = 0 };
		struct err err = ERR_INIT;

		CHECK(rows[i].name, http_fetch(client, &request, &response, &err) == rows[i].code);
		CHECK(rows[i].name, response.status == rows[i].status);
		CHECK(rows[i].name, response.body.len == rows[i].body);
		CHECK(rows[i].name, response.etag[0] == '\0' && response.age_s == 0);
		CHECK(rows[i].name, rows[i].code == 0 || strstr(err.text, "127.0.0.1") != NULL);
		http_response_free(&response);
	}
	http_client_close(&client);
	double_stop(&server);
}

static void test_headers(void **state)
{
	struct http_double server;
	struct http_client *client = open_client(0);
	struct http_request request = { .body_max = 100 };
	struct http_response response;

	(void)state;
	double_start(&server, NULL);
	request.url = url_of(&server, "/headers");
	assert_int_equal(http_fetch(client, &request, &response, NULL), 0);
	assert_string_equal(response.content_type, "text/plain; charset=utf-8");
	assert_string_equal(response.etag, "\"a b\"");
	assert_int_equal(response.age_s, 17);
	http_response_free(&response);
	request.url = url_of(&server, "/long");
	assert_int_equal(http_fetch(client, &request, &response, NULL), 0);
	assert_string_equal(response.content_type, "");
	assert_string_equal(response.etag, "");
	assert_int_equal(response.age_s, 0);
	http_response_free(&response);
	http_client_close(&client);
	double_stop(&server);
}

/* What goes out: the path byte for byte, our headers, and nothing from the surroundings. */
static void test_request(void **state)
{
	static const char *const paths[] = { "/head/!a/@v/v1.0.0!x.info", "/head/../head/./x", "/head/%2e%2E/%41?a=b&c", "/head//x",
		"/head/+~'()*;=:$," };
	static const char *const variables[] = { "http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY" };
	const char *netrc = scratch_path(state, ".netrc");
	FILE *file = fopen(netrc, "w");
	struct http_double server;
	struct http_client *client;

	assert_non_null(file);
	fputs("default login somebody password something\n", file);
	fclose(file);
	setenv("HOME", *state, 1);
	for (size_t i = 0; i < LENGTH(variables); i++)
		setenv(variables[i], "http://127.0.0.1:1", 1);
	client = open_client(0);
	double_start(&server, NULL);
	for (size_t i = 0; i < LENGTH(paths); i++) {
		struct http_request request = {
			.url = url_of(&server, paths[i]), .accept = "text/x", .authorization = "Bearer abc", .body_max = 4000
		};
		struct http_response response;
		char line[300];

		CHECK(paths[i], http_fetch(client, &request, &response, NULL) == 0);
		snprintf(line, sizeof(line), "GET %s HTTP/1.1\r\n", paths[i]);
		CHECK(paths[i], strncmp(buf_text(&response.body), line, strlen(line)) == 0);
		CHECK(paths[i], strstr(buf_text(&response.body), "\r\nAccept: text/x\r\n") != NULL);
		CHECK(paths[i], strstr(buf_text(&response.body), "\r\nAuthorization: Bearer abc\r\n") != NULL);
		CHECK(paths[i], strstr(buf_text(&response.body), "\r\nUser-Agent: base-test\r\n") != NULL);
		http_response_free(&response);
		request.authorization = NULL;
		CHECK(paths[i], http_fetch(client, &request, &response, NULL) == 0);
		CHECK(paths[i], strstr(buf_text(&response.body), "uthorization") == NULL);
		http_response_free(&response);
	}
	for (size_t i = 0; i < LENGTH(variables); i++)
		unsetenv(variables[i]);
	http_client_close(&client);
	double_stop(&server);
}

static void test_refused_requests(void **state)
{
	static const struct {
		const char *name;
		const char *url;
		const char *authorization;
		const char *want; /* in the sentence */
	} rows[] = {
		{ "ftp", "ftp://127.0.0.1/", NULL, "http or https" },
		{ "file", "file:///etc/passwd", NULL, "" },
		{ "gopher", "gopher://127.0.0.1/", NULL, "http or https" },
		{ "user in the URL", "http://alice:canary@127.0.0.1:1/", NULL, "user name" },
		{ "no URL", "nonsense", NULL, "malformed" },
		{ "line end in the URL", "http://127.0.0.1:1/a\r\nX: y", NULL, "malformed" },
		{ "line end in a header", "http://127.0.0.1:1/", "canary\r\nX: y", "line end" },
		{ "nobody listens", "http://127.0.0.1:1/", "canary", "http://127.0.0.1:1: Failed to connect" },
		{ "no such host", "http://host.invalid/", "canary", "http://host.invalid:80: Could not resolve" },
	};
	struct http_client *client = open_client(0);

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct http_request request = { .url = rows[i].url, .authorization = rows[i].authorization, .timeout_ms = 5000 };
		struct http_response response = { .status = 7 };
		struct err err = ERR_INIT;

		CHECK(rows[i].name, http_fetch(client, &request, &response, &err) < 0);
		CHECK(rows[i].name, response.status == 7);
		CHECK(rows[i].name, err.text[0] != '\0' && strstr(err.text, "canary") == NULL);
		CHECK(rows[i].name, strstr(err.text, rows[i].want) != NULL);
	}
	http_client_close(&client);
}

static void test_times(void **state)
{
	static const struct {
		const char *name;
		const char *path;
		int64_t first_ms;
		int64_t stall_ms;
		int64_t timeout_ms;
		int code;
		int64_t least_ms;
		const char *says;
	} rows[] = {
		{ "silence", "/silent", 0, 300, 5000, BASE_ERR_TIMEOUT, 300, "nothing came for 300 ms" },
		{ "stall in the body", "/stall/10", 0, 300, 5000, BASE_ERR_TIMEOUT, 300, "nothing came for 300 ms" },
		{ "all of it", "/silent", 0, 5000, 300, BASE_ERR_TIMEOUT, 300, "allowed" },
		{ "slow is no stall", "/drip", 0, 600, 10000, 0, 900, "" },
		{ "slow may be too long", "/drip", 0, 600, 400, BASE_ERR_TIMEOUT, 400, "allowed" },
		{ "an answer that is made first", "/late/900", 5000, 300, 10000, 0, 900, "" },
		{ "one that is announced", "/hint/900", 5000, 300, 10000, 0, 900, "" },
		{ "no answer at all", "/silent", 600, 300, 10000, BASE_ERR_TIMEOUT, 600, "nothing came for 600 ms" },
		{ "the first byte alone may be late", "/stall/10", 5000, 300, 10000, BASE_ERR_TIMEOUT, 300, "nothing came for 300 ms" },
		{ "all of it, while it is made", "/late/900", 5000, 300, 400, BASE_ERR_TIMEOUT, 400, "allowed" },
	};
	struct http_double server;
	struct http_client *client = open_client(0);

	(void)state;
	double_start(&server, NULL);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct http_request request = {
			.url = url_of(&server, rows[i].path),
			.first_timeout_ms = rows[i].first_ms,
			.stall_timeout_ms = rows[i].stall_ms,
			.timeout_ms = rows[i].timeout_ms,
			.body_max = 1000,
		};
		struct http_response response = { .status = 0 };
		struct err err = ERR_INIT;
		int64_t began = now_ms();

		CHECK(rows[i].name, http_fetch(client, &request, &response, &err) == rows[i].code);
		CHECK(rows[i].name, strstr(err.text, rows[i].says) != NULL);
		CHECK(rows[i].name, now_ms() - began >= rows[i].least_ms);
		http_response_free(&response);
	}
	assert_int_equal(http_client_active(client), 0);
	http_client_close(&client);
	double_stop(&server);
}

struct kept {
	size_t len;
	size_t fail_at;
	unsigned sleep_ms; /* each time */
	pthread_t thread;
};

static int keep(void *ctx, const char *bytes, size_t len)
{
	struct kept *kept = ctx;

	for (size_t i = 0; i < len; i++)
		assert_int_equal(bytes[i], 'x');
	assert_true(pthread_equal(pthread_self(), kept->thread));
	usleep(kept->sleep_ms * 1000);
	kept->len += len;
	return kept->len > kept->fail_at;
}

static void test_sink(void **state)
{
	static const struct {
		const char *name;
		const char *path;
		size_t fail_at;
		unsigned sleep_ms;
		size_t body_max;
		int code;
		size_t kept_least, kept_most;
		size_t body;
	} rows[] = {
		{ "a 200 goes there", "/bytes/100000", SIZE_MAX, 0, 100000, 0, 100000, 100000, 0 },
		{ "much, faster than it is taken", "/bytes/4000000", SIZE_MAX, 20, 4000000, 0, 4000000, 4000000, 0 },
		{ "without a length", "/chunked/2000000", SIZE_MAX, 20, 2000000, 0, 2000000, 2000000, 0 },
		{ "our own slowness is no stall", "/bytes/600000", SIZE_MAX, 700, 4000000, 0, 600000, 600000, 0 },
		{ "the limit holds", "/bytes/100001", SIZE_MAX, 0, 100000, BASE_ERR_LIMIT, 0, 0, 0 },
		{ "the limit holds without a length", "/chunked/1000001", SIZE_MAX, 20, 1000000, BASE_ERR_LIMIT, 0, 1000000, 0 },
		{ "an error does not go there", "/other/404/5", SIZE_MAX, 0, 100, 0, 0, 0, 5 },
		{ "it may refuse", "/bytes/10", 9, 0, 100, BASE_ERR, 10, 10, 0 },
		{ "it may refuse what is still coming", "/bytes/9000000", 300000, 1, 9000000, BASE_ERR, 300001, 300000 + 2 * HTTP_HANDED_MAX, 0 },
		{ "it may refuse where nothing comes any more", "/stall/10", 9, 0, 1000, BASE_ERR, 10, 10, 0 },
		{ "cut off", "/cut", SIZE_MAX, 100, 1000, BASE_ERR, 0, 10, 0 },
	};
	struct http_double server;
	struct http_client *client = open_client(0);

	(void)state;
	double_start(&server, NULL);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct kept kept = { .fail_at = rows[i].fail_at, .sleep_ms = rows[i].sleep_ms, .thread = pthread_self() };
		struct http_request request = {
			.url = url_of(&server, rows[i].path),
			.body_max = rows[i].body_max,
			.stall_timeout_ms = 500,
			.sink = keep,
			.sink_ctx = &kept,
		};
		struct http_response response = { .status = 0 };
		struct err err = ERR_INIT;

		CHECK(rows[i].name, http_fetch(client, &request, &response, &err) == rows[i].code);
		CHECK(rows[i].name, rows[i].code != BASE_ERR || rows[i].fail_at == SIZE_MAX || strstr(err.text, "could not be kept") != NULL);
		CHECK(rows[i].name, kept.len >= rows[i].kept_least && kept.len <= rows[i].kept_most);
		CHECK(rows[i].name, response.body.len == rows[i].body);
		http_response_free(&response);
	}
	http_client_close(&client);
	double_stop(&server);
}

struct blocked {
	sem_t entered, released;
};

static int block(void *ctx, const char *bytes, size_t len)
{
	struct blocked *blocked = ctx;
	struct timespec until;

	(void)bytes;
	(void)len;
	sem_post(&blocked->entered);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 20;
	return sem_timedwait(&blocked->released, &until);
}

struct blocked_fetch {
	struct http_client *client;
	struct http_request request;
	int code;
};

static void *fetch_blocked(void *arg)
{
	struct blocked_fetch *fetch = arg;
	struct http_response response = { .status = 0 };

	fetch->code = http_fetch(fetch->client, &fetch->request, &response, NULL);
	http_response_free(&response);
	return NULL;
}

/* A disk that takes nothing holds up the fetch that writes to it and no other. */
static void test_sink_blocks_nobody_else(void **state)
{
	struct http_double server;
	struct http_client *client = open_client(0);
	struct blocked blocked;
	struct blocked_fetch fetch = { .client = client, .code = 7 };
	struct http_request other = { .body_max = 100 };
	pthread_t thread;

	(void)state;
	double_start(&server, NULL);
	sem_init(&blocked.entered, 0, 0);
	sem_init(&blocked.released, 0, 0);
	/* All of it is one piece for the sink. */
	fetch.request = (struct http_request){ .url = url_of(&server, "/bytes/1000"), .body_max = 1000, .sink = block, .sink_ctx = &blocked };
	assert_int_equal(pthread_create(&thread, NULL, fetch_blocked, &fetch), 0);
	sem_wait(&blocked.entered);
	for (int i = 0; i < 10; i++) {
		struct http_response response = { .status = 0 };
		char url[512];

		snprintf(url, sizeof(url), "http://127.0.0.1:%d/bytes/10", server.port);
		other.url = url;
		assert_int_equal(http_fetch(client, &other, &response, NULL), 0);
		http_response_free(&response);
	}
	assert_int_equal(fetch.code, 7);
	sem_post(&blocked.released);
	pthread_join(thread, NULL);
	assert_int_equal(fetch.code, 0);
	http_client_close(&client);
	double_stop(&server);
}

static bool allow(void *ctx, const char *address)
{
	return strcmp(address, ctx) != 0;
}

static void test_addresses(void **state)
{
	static const struct {
		const char *name;
		const char *refused;
		int code;
	} rows[] = {
		{ "refused before a connection", "127.0.0.1", BASE_ERR },
		{ "another is refused", "10.0.0.1", 0 },
		{ "refused on a connection that stands", "127.0.0.1", BASE_ERR },
	};
	struct http_double server;
	struct http_client *client = open_client(0);

	(void)state;
	double_start(&server, NULL);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		char refused[32];
		struct http_request request = { .url = url_of(&server, "/bytes/3"), .body_max = 3, .address_allowed = allow, .address_ctx = refused };
		struct http_response response = { .status = 0 };
		struct err err = ERR_INIT;

		strcpy(refused, rows[i].refused);
		CHECK(rows[i].name, http_fetch(client, &request, &response, &err) == rows[i].code);
		CHECK(rows[i].name, rows[i].code == 0 || strstr(err.text, "address 127.0.0.1") != NULL);
		http_response_free(&response);
	}
	assert_int_equal(atomic_load(&server.accepted), 1);
	http_client_close(&client);
	double_stop(&server);
}

struct caller {
	struct http_client *client;
	char url[128];
	int rounds;
	int code;
	atomic_bool ended;
};

static void *call(void *arg)
{
	struct caller *caller = arg;

	for (int i = 0; i < caller->rounds && caller->code == 0; i++) {
		struct http_request request = { .url = caller->url, .body_max = 100000 };
		struct http_response response = { .status = 0 };

		caller->code = http_fetch(caller->client, &request, &response, NULL);
		if (caller->code == 0 && (response.status != 200 || response.body.len != 5000))
			caller->code = -100;
		http_response_free(&response);
	}
	atomic_store(&caller->ended, true);
	return NULL;
}

static void start_caller(struct caller *caller, pthread_t *thread, struct http_client *client, const char *url, int rounds)
{
	*caller = (struct caller){ .client = client, .rounds = rounds };
	snprintf(caller->url, sizeof(caller->url), "%s", url);
	assert_int_equal(pthread_create(thread, NULL, call, caller), 0);
}

static void test_many_callers(void **state)
{
	struct http_double server;
	struct http_client *client = open_client(3);
	struct caller callers[8];
	pthread_t threads[8];

	(void)state;
	double_start(&server, NULL);
	for (size_t i = 0; i < LENGTH(callers); i++)
		start_caller(&callers[i], &threads[i], client, url_of(&server, "/bytes/5000"), 20);
	for (size_t i = 0; i < LENGTH(callers); i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(callers[i].code, 0);
	}
	/* 160 fetches over at most three connections. */
	assert_true(atomic_load(&server.accepted) <= 3);
	http_client_close(&client);
	double_stop(&server);
}

static void await_active(struct http_client *client, size_t n)
{
	for (int i = 0; i < 1000 && http_client_active(client) != n; i++)
		usleep(5000);
	assert_int_equal(http_client_active(client), n);
}

/* The time allowed runs also while all connections to the host are busy. */
static void test_waiting_for_a_connection(void **state)
{
	struct http_double server;
	struct http_client *client = open_client(1);
	struct http_request request = { .timeout_ms = 300, .body_max = 10 };
	struct http_response response;
	struct caller caller;
	pthread_t thread;

	(void)state;
	double_start(&server, NULL);
	start_caller(&caller, &thread, client, url_of(&server, "/silent"), 1);
	for (int i = 0; i < 1000 && atomic_load(&server.accepted) == 0; i++)
		usleep(5000);
	request.url = url_of(&server, "/bytes/1");
	assert_int_equal(http_fetch(client, &request, &response, NULL), BASE_ERR_TIMEOUT);
	http_client_close(&client);
	pthread_join(thread, NULL);
	assert_int_equal(caller.code, BASE_ERR);
	double_stop(&server);
}

static void test_abort(void **state)
{
	struct http_double server;
	struct http_client *client = open_client(0);
	struct http_request request = { .body_max = 10 };
	struct http_response response;
	struct err err = ERR_INIT;
	struct caller callers[3];
	pthread_t threads[3];

	(void)state;
	double_start(&server, NULL);
	for (size_t i = 0; i < LENGTH(callers); i++)
		start_caller(&callers[i], &threads[i], client, url_of(&server, i == 0 ? "/silent" : "/stall/5"), 1);
	await_active(client, LENGTH(callers));
	http_client_abort(client);
	for (size_t i = 0; i < LENGTH(callers); i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(callers[i].code, BASE_ERR);
	}
	request.url = url_of(&server, "/bytes/1");
	assert_int_equal(http_fetch(client, &request, &response, &err), BASE_ERR);
	assert_non_null(strstr(err.text, "stops"));
	assert_int_equal(http_client_active(client), 0);
	http_client_close(&client);
	assert_null(client);
	http_client_close(&client);
	double_stop(&server);
}

static void test_close(void **state)
{
	struct http_double server;
	struct http_client *client = open_client(0);
	struct caller callers[4];
	pthread_t threads[4];

	(void)state;
	double_start(&server, NULL);
	for (size_t i = 0; i < LENGTH(callers); i++)
		start_caller(&callers[i], &threads[i], client, url_of(&server, "/silent"), 1);
	await_active(client, LENGTH(callers));
	http_client_close(&client);
	for (size_t i = 0; i < LENGTH(callers); i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(callers[i].code, BASE_ERR);
	}
	double_stop(&server);
}

/* A child started by another thread must not hold our connections. */
static void test_sockets_are_not_inherited(void **state)
{
	struct http_double server;
	struct http_client *client = open_client(0);
	struct http_request request = { .body_max = 10 };
	struct http_response response;
	int sockets = 0;

	(void)state;
	double_start(&server, NULL);
	request.url = url_of(&server, "/bytes/1");
	assert_int_equal(http_fetch(client, &request, &response, NULL), 0);
	http_response_free(&response);
	for (int fd = 3; fd < 256; fd++) {
		struct sockaddr_in peer;
		socklen_t len = sizeof(peer);

		if (getpeername(fd, (struct sockaddr *)&peer, &len) != 0 || peer.sin_family != AF_INET || ntohs(peer.sin_port) != server.port)
			continue;
		sockets++;
		assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	}
	assert_int_equal(sockets, 1);
	http_client_close(&client);
	double_stop(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_refused_requests),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_sink),
		cmocka_unit_test(test_sink_blocks_nobody_else),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_many_callers),
		cmocka_unit_test(test_waiting_for_a_connection),
		cmocka_unit_test(test_abort),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_sockets_are_not_inherited),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
