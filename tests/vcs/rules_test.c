/* Two rules that stand for one repository: with one credential they share it, with two neither knows what the other's was told or given. */
#include "remote.h"

#include "base/hash.h"

#define A SLICE("a.test/one")
#define B SLICE("b.test/one")

/* a.test with the credential that is good, b.test with another. */
static struct vcs *open_two(struct remote *remote, const char *mirrors, const char *credential, const char *subdir)
{
	char url[512];
	struct vcs_repository rules[] = {
		{ .prefix = "a.test", .repository = url, .credentials_file = below(remote->scratch, "credential"), .ca = remote->ca },
		{ .prefix = "b.test", .repository = url, .subdir = subdir, .credentials_file = credential, .ca = remote->ca },
	};
	struct vcs_options options = { .repositories = rules, .count = LENGTH(rules), .clock = &remote->clock, .mirrors = fresh(remote, mirrors) };
	struct err err = ERR_INIT;
	struct vcs *vcs = NULL;

	snprintf(url, sizeof(url), "%s/{1}.git", remote->url);
	if (vcs_open(&options, &vcs, &err) != 0)
		fail_msg("vcs_open: %s", err.text);
	return vcs;
}

static const char *wrong(struct remote *remote)
{
	const char *path = below(remote->scratch, "wrong");

	write_file(path, "robot:nothing\n");
	return path;
}

static int resolve(struct vcs *vcs, struct slice module, struct vcs_revision *revision, struct err *err)
{
	return vcs_resolve(vcs, module, 0, SLICE("v1.0.0"), revision, err);
}

static void fates_are_apart(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_two(remote, "r1", wrong(remote), NULL);
	struct vcs_revision revision;
	struct err err = ERR_INIT;

	assert_int_equal(resolve(vcs, B, &revision, &err), VCS_ERR_UNKNOWN);
	assert_non_null(strstr(err.text, "refuses the credential"));
	assert_int_equal(resolve(vcs, A, &revision, &err), 0);
	/* What the one's credential fetched is not read by the other, nor what it was told believed. */
	assert_int_equal(resolve(vcs, B, &revision, &err), VCS_ERR_UNKNOWN);
	assert_int_equal(resolve(vcs, SLICE("a.test/none"), &revision, &err), VCS_ERR_ABSENT);
	assert_int_equal(resolve(vcs, SLICE("b.test/none"), &revision, &err), VCS_ERR_UNKNOWN);
	vcs_close(&vcs);

	vcs = open_two(remote, "r1", wrong(remote), NULL);
	assert_int_equal(resolve(vcs, B, &revision, &err), VCS_ERR_UNKNOWN);
	vcs_close(&vcs);
}

/* Two directories of one repository: it is fetched once. */
static void one_credential_one_mirror(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_two(remote, "r2", below(remote->scratch, "credential"), "go");
	struct vcs_revision revision;
	struct err err = ERR_INIT;
	size_t asked;

	assert_int_equal(resolve(vcs, A, &revision, &err), 0);
	asked = recorded(remote, "\"event\": \"request\"");
	assert_int_equal(resolve(vcs, B, &revision, &err), VCS_ERR_ABSENT); /* there is no such directory */
	assert_int_equal(recorded(remote, "\"event\": \"request\""), asked);
	shell(remote->scratch, "test $(ls -d r2/*.git | grep -vc empty) = 1");
	vcs_close(&vcs);
}

/* The mirror of a URL is named by it alone, unless another rule with another credential may stand for that URL as well. */
static void names_of_mirrors(void **state)
{
	static const struct {
		const char *other, *url;
		bool same_credential, contested;
	} rows[] = {
		{ "https://g.x/{1}/{2}.git", "https://g.x/a/b.git", false, true },
		{ "https://g.x/{1}/{2}.git", "https://g.x/a/b.git", true, false },
		{ "https://g.x/{1}/{2}.git", "https://g.x/a/b/c.git", false, false },
		{ "https://g.x/{1}/{2}.git", "https://g.x/a/.git", false, false },
		{ "https://g.x/{1}/{2}.git", "https://g.x/a/b.gi", false, false },
		{ "https://g.x/{1}.git", "https://h.x/a.git", false, false },
		{ "https://g.x/{*}.git", "https://g.x/a/b/c.git", false, true },
		{ "https://g.x/{*}.git", "https://g.x/.git", false, false },
		{ "https://g.x/x{1}/{*}/y", "https://g.x/xa/b/c/y", false, true },
		{ "https://g.x/x{1}/{*}/y", "https://g.x/x/b/c/y", false, false },
		{ "https://g.x/a.git", "https://g.x/a.git", false, true },
		{ "https://g.x/a.git", "https://g.x/a.git.git", false, false },
		{ "/srv/a", "https://g.x/a.git", false, false },
	};
	struct remote *remote = *state;

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct vcs_repository rules[] = {
			{ .prefix = "a.test", .repository = "https://g.x/own.git", .credentials_file = "a" },
			{ .prefix = "b.test", .repository = rows[i].other },
		};
		struct vcs_options options = { .repositories = rules, .count = LENGTH(rules), .mirrors = fresh(remote, "r3") };
		uint8_t digest[SHA256_BYTES];
		char hex[SHA256_HEX], *path;
		struct vcs *vcs = NULL;

		if (rows[i].other[0] != '/')
			rules[1].credentials_file = rows[i].same_credential ? "a" : "b";
		assert_int_equal(vcs_open(&options, &vcs, NULL), 0);
		path = vcs_mirror_path(vcs, &vcs->mappings[0], rows[i].url);
		sha256(slice_of(rows[i].url), digest);
		hex_encode(digest, sizeof(digest), hex);
		hex[32] = '\0';
		CHECK(rows[i].other, (strstr(path, hex) == NULL) == rows[i].contested);
		free(path);
		vcs_close(&vcs);
	}
}

/* Another rule that may have the URL gives its mirror another name: that it was mirrored is known all the same, and "not found" not believed. */
static void earlier_names_are_proof(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "r4") });
	struct vcs_revision revision;
	struct err err = ERR_INIT;

	shell(remote->scratch, "cp -a repos/one.git repos/moved.git");
	assert_int_equal(resolve(vcs, SLICE("git.test/moved"), &revision, &err), 0);
	vcs_close(&vcs);
	shell(remote->scratch, "rm -rf repos/moved.git");
	vcs = open_two(remote, "r4", wrong(remote), NULL);
	assert_int_equal(resolve(vcs, A, &revision, &err), 0);
	assert_int_equal(resolve(vcs, SLICE("a.test/none"), &revision, &err), VCS_ERR_ABSENT);
	assert_int_equal(resolve(vcs, SLICE("a.test/moved"), &revision, &err), VCS_ERR_UNKNOWN);
	vcs_close(&vcs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fates_are_apart),
		cmocka_unit_test(one_credential_one_mirror),
		cmocka_unit_test(names_of_mirrors),
		cmocka_unit_test(earlier_names_are_proof),
	};

	return cmocka_run_group_tests(tests, remote_setup, remote_teardown);
}
