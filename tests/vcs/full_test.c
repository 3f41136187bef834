/* Disks without room: told as what they are, never as damage or a host's fault, and never filled to the last byte by a fetch. */
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#include "remote.h"
#include "vcs/child_private.h"

#define BIG        SLICE("git.test/big")
#define DISK_BYTES (24LL << 20)

/* A file system of 24 MiB for mirrors, that only this process and its children see. */
static const char *small_disk(const struct remote *remote)
{
	const char *dir = below(remote->scratch, "disk");

	shell(remote->scratch, "mkdir -p disk");
	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
		mount("vcs-test", dir, "tmpfs", 0, "size=24m") != 0)
		skip();
	return dir;
}

static int64_t room_on(const char *dir)
{
	struct statvfs disk;

	assert_int_equal(statvfs(dir, &disk), 0);
	return (int64_t)(disk.f_bavail * disk.f_frsize);
}

static void make_big(const struct remote *remote)
{
	shell(remote->scratch,
		"test -d big || { git init -q -b main big; cd big; echo 'module git.test/big' > go.mod; head -c 40000000 /dev/urandom > bytes;"
		"git -c core.compression=0 add .; git commit -q -m 1; git tag v1.0.0; git clone -q --bare . ../repos/big.git; }");
}

/* What is known goes on being told; nothing is added. */
static void not_begun_without_room(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "short") });
	struct vcs_revision revision;
	struct err err = ERR_INIT;

	vcs->disk_floor = INT64_MAX;
	assert_int_equal(vcs_resolve(vcs, SLICE("git.test/one"), 0, SLICE("main"), &revision, &err), VCS_ERR_UNKNOWN);
	assert_non_null(strstr(err.text, "almost full"));
	vcs->disk_floor = 0;
	advance(remote, 2);
	assert_int_equal(vcs_resolve(vcs, SLICE("git.test/one"), 0, SLICE("main"), &revision, &err), 0);
	assert_false(revision.stale);
	vcs->disk_floor = INT64_MAX;
	advance(remote, 120);
	assert_int_equal(vcs_resolve(vcs, SLICE("git.test/one"), 0, SLICE("main"), &revision, &err), 0);
	assert_true(revision.stale);
	vcs_close(&vcs);
}

/* One that would take the rest is ended, and what it wrote is gone. */
static void ended_before_the_disk_is_full(void **state)
{
	struct remote *remote = *state;
	const char *disk = small_disk(remote);
	struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = disk, .timeout_ms = 30000 });
	struct vcs_revision revision;
	struct err err = ERR_INIT;

	make_big(remote);
	vcs->disk_floor = DISK_BYTES - (4 << 20);
	fault(remote, "*/git-upload-pack stall:10000000");
	assert_int_equal(vcs_resolve(vcs, BIG, 0, SLICE("v1.0.0"), &revision, &err), VCS_ERR_UNKNOWN);
	if (!strstr(err.text, "almost full"))
		fail_msg("%s", err.text);
	/* Of the group that was killed somebody may hold the file for a moment more. */
	for (int i = 0; i < 1000 && room_on(vcs->mirrors) <= vcs->disk_floor; i++)
		usleep(10000);
	assert_true(room_on(vcs->mirrors) > vcs->disk_floor);
	vcs_close(&vcs);
	umount(below(remote->scratch, "disk"));
}

static void full_while_fetching(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = small_disk(remote) });
	struct vcs_revision revision;
	struct err err = ERR_INIT;

	make_big(remote);
	vcs->disk_floor = 1;
	assert_int_equal(vcs_resolve(vcs, BIG, 0, SLICE("v1.0.0"), &revision, &err), VCS_ERR_UNKNOWN);
	if (!strstr(err.text, "full") || strstr(err.text, "not sound"))
		fail_msg("%s", err.text);
	vcs_close(&vcs);
	umount(below(remote->scratch, "disk"));
}

/* A file of a local repository, which git writes to that disk for a while: nobody need repair anything. */
static void full_while_reading(void **state)
{
	struct remote *remote = *state;
	struct vcs_repository repository = { .prefix = "git.test/big", .repository = fresh(remote, "big") };
	struct vcs_options options = { .repositories = &repository, .count = 1 };
	struct buf zip = BUF_INIT(64 << 20);
	char h1[MODULE_H1_MAX];
	struct err err = ERR_INIT;
	struct vcs *vcs = NULL;

	make_big(remote);
	options.mirrors = small_disk(remote);
	assert_int_equal(vcs_open(&options, &vcs, &err), 0);
	assert_int_equal(vcs_zip(vcs, BIG, 0, SLICE("v1.0.0"), NULL, into_buf, &zip, h1, &err), VCS_ERR_UNKNOWN);
	if (!strstr(err.text, "is full") || strstr(err.text, "fsck"))
		fail_msg("%s", err.text);
	buf_free(&zip);
	vcs_close(&vcs);
	umount(below(remote->scratch, "disk"));
}

/* The words are the machine's own, not the host's: its disk is not ours. */
static void whose_disk(void **state)
{
	static const struct {
		const char *text;
		bool want;
	} rows[] = {
		{ "fatal: write error: No space left on device\n", true },
		{ "x\nerror: unable to write file: Disk quota exceeded\n", true },
		{ "remote: No space left on device\nfatal: early EOF\n", false },
		{ "fatal: remote error: No space left on device\n", false },
		{ "fatal: early EOF\n", false },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct buf messages = BUF_INIT(4096);

		buf_add_text(&messages, rows[i].text);
		CHECK(rows[i].text, vcs_disk_failed(&messages) == rows[i].want);
		buf_free(&messages);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(not_begun_without_room),
		cmocka_unit_test_teardown(ended_before_the_disk_is_full, no_fault),
		cmocka_unit_test(full_while_fetching),
		cmocka_unit_test(full_while_reading),
		cmocka_unit_test(whose_disk),
	};

	return cmocka_run_group_tests(tests, remote_setup, remote_teardown);
}
