#include "base/http.h"

#include "tests/base/http_certificates.h"
#include "tests/base/http_double.h"
#include "tests/base/http_helpers.h"

static void test_tls(void **state)
{
	static const struct {
		const char *name;
		const char *names;
		int version_max;
		bool right_authority;
		bool given;
		const char *want; /* in the sentence; NULL: it works */
	} rows[] = {
		{ "right authority and name", "IP:127.0.0.1", 0, true, true, NULL },
		{ "TLS 1.2", "IP:127.0.0.1", TLS1_2_VERSION, true, true, NULL },
		{ "another address", "IP:127.0.0.2", 0, true, true, "subject name" },
		{ "another name", "DNS:double.example", 0, true, true, "subject name" },
		{ "wrong authority", "IP:127.0.0.1", 0, false, true, "certificate" },
		{ "the system's authorities", "IP:127.0.0.1", 0, true, false, "certificate" },
		{ "TLS 1.1", "IP:127.0.0.1", TLS1_1_VERSION, true, true, "" },
	};
	const char *right_path = scratch_path(state, "right.pem");
	const char *wrong_path = scratch_path(state, "wrong.pem");
	struct double_authority right;
	struct double_authority wrong;
	struct http_client *client = open_client(0);

	double_authority_make(&right, "right", right_path);
	double_authority_make(&wrong, "wrong", wrong_path);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		SSL_CTX *tls = double_tls(&right, rows[i].names, rows[i].version_max);
		struct http_request request = { .ca_file = !rows[i].given            ? NULL
							   : rows[i].right_authority ? right_path
										     : wrong_path,
			.body_max = 10 };
		struct http_response response = { .status = 0 };
		struct http_double server;
		struct err err = ERR_INIT;

		double_start(&server, tls);
		request.url = url_of(&server, "/bytes/2");
		CHECK(rows[i].name, http_fetch(client, &request, &response, &err) == (rows[i].want == NULL ? 0 : BASE_ERR));
		CHECK(rows[i].name, rows[i].want == NULL || strstr(err.text, rows[i].want) != NULL);
		http_response_free(&response);
		double_stop(&server);
		SSL_CTX_free(tls);
	}
	http_client_close(&client);
	double_authority_free(&right);
	double_authority_free(&wrong);
}

/* Connections are used again, but not one that was checked against other authorities. */
static void test_tls_reuse(void **state)
{
	const char *right_path = scratch_path(state, "right.pem");
	const char *wrong_path = scratch_path(state, "wrong.pem");
	struct double_authority right;
	struct double_authority wrong;
	struct http_client *client = open_client(0);
	struct http_double server;
	SSL_CTX *tls;

	double_authority_make(&right, "right", right_path);
	double_authority_make(&wrong, "wrong", wrong_path);
	tls = double_tls(&right, "IP:127.0.0.1", 0);
	double_start(&server, tls);
	for (int i = 0; i < 5; i++) {
		struct http_request request = { .url = url_of(&server, "/bytes/2"), .ca_file = i == 3 ? wrong_path : right_path, .body_max = 10 };
		struct http_response response = { .status = 0 };

		assert_int_equal(http_fetch(client, &request, &response, NULL), i == 3 ? BASE_ERR : 0);
		http_response_free(&response);
	}
	assert_int_equal(atomic_load(&server.accepted), 2);
	http_client_close(&client);
	double_stop(&server);
	SSL_CTX_free(tls);
	double_authority_free(&right);
	double_authority_free(&wrong);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_tls_reuse),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
