/* Sentences for strangers: no path of this machine, as configured or behind links, and still a sentence. */
#include "support.h"

#define MODULE SLICE("h.x/one")

static int setup(void **state)
{
	if (scratch_setup(state) != 0)
		return -1;
	shell(*state, "git init -q -b main plain; cd plain; echo 'module h.x/one' > go.mod; git add .; git commit -q -m 1; git tag v1.0.0; cd ..; "
		      "mkdir -p secret/place secret/elsewhere; cp -a plain secret/place/repo; ln -s secret/place/repo linked; cp -a plain inside; mv "
		      "inside/.git secret/elsewhere/git; ln -s ../secret/elsewhere/git inside/.git; mkdir "
		      "mirrors-are-here; ln -s mirrors-are-here mirrors");
	return 0;
}

/* Asked of a repository with a broken configuration, the library names the file. */
static const struct {
	const char *name, *repository, *damage, *says;
} rows[] = {
	{ "as configured", "plain", "echo '[core' >> plain/.git/config", "cannot open the repository of h.x/one: " },
	{ "behind a link", "linked", "echo '[core' >> linked/.git/config", "cannot open the repository of h.x/one: " },
	{ "a .git behind a link", "inside", "echo '[core' >> inside/.git/config", "cannot open the repository of h.x/one: " },
	{ "gone", "away", ":", "there is no git repository at the path of the repository of h.x/one; check" },
	{ "a link to nothing", "nowhere", "ln -s secret/nothing nowhere",
		"there is no git repository at the path of the repository of h.x/one; check" },
};

static void hidden(void **state)
{
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct vcs *vcs = open_local(*state, "h.x/one", rows[i].repository, NULL);
		struct buf out = BUF_INIT(1 << 20);
		struct err err = ERR_INIT;
		bool stale;

		shell(*state, rows[i].damage);
		CHECK(rows[i].name, vcs_list(vcs, MODULE, 0, &out, &stale, NULL, &err) == VCS_ERR_UNKNOWN);
		CHECK(rows[i].name, strstr(err.text, *state));
		CHECK(rows[i].name, vcs_hide_path(vcs, MODULE, &err));
		if (strstr(err.text, *state) || strstr(err.text, "secret") || !strstr(err.text, rows[i].says))
			fail_msg("%s: %s", rows[i].name, err.text);
		buf_free(&out);
		vcs_close(&vcs);
	}
}

/* A sentence as it is, and as it is told. {}: the scratch directory. */
static const struct {
	const char *sentence, *told;
} sentences[] = {
	{ "no path in it", NULL },
	{ "a path of others: /etc/passwd", NULL },
	{ "repair the repository {}/linked: git fsck", "repair the repository of h.x/one: git fsck" },
	{ "in {}/linked and {}/secret/place/repo/.git/x", "in the path of the repository of h.x/one and the path of the repository of h.x/one/x" },
	{ "bare, in {}/secret/place/repo/objects", "bare, in the path of the repository of h.x/one/objects" },
	{ "cannot use the directory {}/mirrors-are-here: full", "cannot use the mirrors: full" },
	{ "check the disk below {}/mirrors-are-here/x", "check the disk below the mirrors/x" },
};

static void worded(void **state)
{
	struct vcs *vcs = open_local(*state, "h.x/one", "linked", NULL);

	for (size_t i = 0; i < LENGTH(sentences); i++) {
		struct err err = ERR_INIT;
		struct slice rest = slice_of(sentences[i].sentence);
		struct buf text = BUF_INIT(4096);

		for (ptrdiff_t at; (at = slice_find(rest, SLICE("{}"))) >= 0; rest = slice_after(rest, (size_t)at + 2))
			buf_printf(&text, "%.*s%s", (int)at, rest.ptr, (const char *)*state);
		buf_add_slice(&text, rest);
		err_set(&err, 0, "%s", buf_text(&text));
		CHECK(sentences[i].sentence, vcs_hide_path(vcs, MODULE, &err) == (sentences[i].told != NULL));
		assert_string_equal(err.text, sentences[i].told ? sentences[i].told : sentences[i].sentence);
		buf_free(&text);
	}
	vcs_close(&vcs);
}

/* A sentence about a file of the rule is the operator's. */
static void files(void **state)
{
	static const struct {
		const char *sentence, *told;
	} told[] = {
		{ "/keys/ssh holds a secret but everybody may use it", "the credential of this rule cannot be used; the operator's log says more" },
		{ "cannot open /keys/known: Permission denied", "known_hosts_file of this rule cannot be used; the operator's log says more" },
		{ "error setting certificate file: /keys/ca.pem",
			"the certificate authority of this rule cannot be used; the operator's log says more" },
		{ "ssh://git@g.x/a.git refuses the key", NULL },
	};
	struct vcs_repository repository = { .prefix = "h.x/one",
		.repository = "ssh://git@g.x/a.git",
		.credentials_file = "/keys/ssh",
		.known_hosts_file = "/keys/known" },
			      web = { .prefix = "h.x/two", .repository = "https://g.x/a.git", .ca = "/keys/ca.pem" };
	struct vcs_repository both[] = { repository, web };
	struct vcs_options options = { .repositories = both, .count = 2, .mirrors = below(*state, "mirrors") };
	struct vcs *vcs = NULL;

	assert_int_equal(vcs_open(&options, &vcs, NULL), 0);
	for (size_t i = 0; i < LENGTH(told); i++) {
		struct err err = ERR_INIT;

		err_set(&err, 0, "%s", told[i].sentence);
		CHECK(told[i].sentence,
			vcs_hide_path(vcs, strstr(told[i].sentence, "ca.pem") ? SLICE("h.x/two") : MODULE, &err) == (told[i].told != NULL));
		assert_string_equal(err.text, told[i].told ? told[i].told : told[i].sentence);
	}
	vcs_close(&vcs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(worded),
		cmocka_unit_test(hidden),
		cmocka_unit_test(files),
	};

	return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
