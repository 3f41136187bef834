/* Mirrors of remote repositories: a bare one below data/git for each URL, brought up to date by git children. Heads, tags and HEAD only. */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/sshkey.h"
#include "vcs/fetch_private.h"

#define MESSAGES_MAX    8192
#define HEADS_BYTES_MAX 16384 /* `ls-remote --symref URL HEAD` is two lines */
#define TRACE_MAX       4096  /* the first packets say which protocol is spoken */
#define ASK_TIMEOUT_MS  60000
#define UNBORN          "refs/modgate/unborn"
#define DETACHED        "refs/modgate/head"

/*
 * Whatever answers 200 with a page of text (a portal, a proxy) is to git an old-fashioned host without any reference: an empty
 * repository, whose mirror would be pruned bare. A git host of today says so in its first packet.
 */
static bool spoke_git(const struct buf *trace)
{
	return slice_find(buf_slice(trace), SLICE("< version 2")) >= 0 || slice_find(buf_slice(trace), SLICE("< version 1")) >= 0 ||
	       slice_find(buf_slice(trace), SLICE("< # service=git-upload-pack")) >= 0;
}

/* Runs git with these arguments; its output is in fetch->output. remote: it must have spoken with a git host. */
static enum sync run(struct fetch *fetch, const char *const *argv, const char *git_dir, int64_t timeout_ms, bool remote, struct err *err)
{
	struct vcs *vcs = fetch->vcs;
	struct child child = {
		.argv = argv,
		.home = vcs->mirrors,
		.git_dir = git_dir,
		.config_fd = fetch->config_fd,
		.output_fd = -1,
		.output = &fetch->output,
		.messages = &fetch->messages,
		.trace = remote ? &fetch->trace : NULL,
		.protocol = !remote               ? NULL
			    : fetch->mapping->ssh ? "ssh"
						  : "https",
		.ssh = remote && fetch->mapping->ssh ? &fetch->ssh : NULL,
		.timeout_ms = timeout_ms < vcs->fetch_timeout_ms ? timeout_ms : vcs->fetch_timeout_ms,
		.memory_max = vcs->fetch_memory_max,
		.bytes_max = vcs->fetch_bytes_max,
		.aborted = &vcs->aborted,
		.grows = git_dir == fetch->git_dir ? vcs : NULL,
	};
	int status = 0;

	buf_reset(&fetch->output);
	buf_reset(&fetch->messages);
	buf_reset(&fetch->trace);
	fetch->failed = false;
	if (vcs_child_run(&child, &status, err) < 0) {
		err_prepend(err, 0, "%s", fetch->url);
		return SYNC_UNREACHABLE;
	}
	fetch->failed = !WIFEXITED(status) || WEXITSTATUS(status) != 0;
	if (fetch->failed)
		return vcs_fetch_explain(fetch, err);
	if (remote && !fetch->mapping->ssh && !spoke_git(&fetch->trace)) {
		err_set(err, VCS_ERR_UNKNOWN, "%s answers, but not as a git host; check the address and what stands before it", fetch->url);
		return SYNC_UNREACHABLE;
	}
	return SYNC_DONE;
}

/* "ref: refs/heads/main<TAB>HEAD" when it is symbolic, "<commit><TAB>HEAD" when it exists. */
static void parse_head(struct fetch *fetch)
{
	struct slice rest = buf_slice(&fetch->output), line, value, name;
	bool exists = false;

	fetch->head[0] = '\0';
	while (slice_next(&rest, '\n', &line)) {
		if (!slice_cut(line, '\t', &value, &name) || !slice_equal_text(name, "HEAD"))
			continue;
		if (slice_starts(value, SLICE("ref: refs/heads/")) && value.len - 5 < sizeof(fetch->head)) {
			memcpy(fetch->head, value.ptr + 5, value.len - 5);
			fetch->head[value.len - 5] = '\0';
		} else if (value.len == GIT_OID_HEXSZ) {
			exists = git_oid_fromstrn(&fetch->head_commit, value.ptr, value.len) == 0;
		}
	}
	fetch->head_detached = exists && fetch->head[0] == '\0';
}

/* Before anything is made on disk: does it exist, may we read it, where is its HEAD. */
static enum sync ask(struct fetch *fetch, struct err *err)
{
	const char *argv[] = { fetch->vcs->git, "ls-remote", "--quiet", "--symref", "--", fetch->url, "HEAD", NULL };
	enum sync sync = run(fetch, argv, "/dev/null", ASK_TIMEOUT_MS, true, err);

	if (sync == SYNC_DONE) {
		parse_head(fetch);
		vcs_forge_accepted(fetch->vcs, fetch->url, buf_slice(&fetch->credential));
	}
	return sync;
}

/* A walk takes long, and who asks waits for it: what it says of a sound one holds for a while, also when it could not be ended. */
static bool broken(struct fetch *fetch, struct err *err)
{
	int64_t now_us = clock_monotonic_us(fetch->vcs->clock);

	if (now_us < *fetch->sound_until_us || !vcs_mirror_usable(fetch->git_dir))
		return false;
	if (!vcs_mirror_sound(fetch->vcs, fetch->git_dir, err))
		return true;
	*fetch->sound_until_us = now_us + MEND_AGAIN_US;
	return false;
}

static enum sync get(struct fetch *fetch, struct err *err)
{
	enum sync sync;
	const char *argv[] = { fetch->vcs->git, "fetch", "--quiet", "--prune", "--no-tags", "--no-recurse-submodules", "--no-auto-maintenance",
		"--no-write-fetch-head", "--", fetch->url, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*",
		fetch->head_detached ? "+HEAD:" DETACHED : NULL, NULL };

	sync = run(fetch, argv, fetch->git_dir, INT64_MAX, true, err);
	/* The host answered a moment ago: git may have stumbled over what lies here. */
	if (fetch->failed && !vcs_fetch_blames_host(fetch) && broken(fetch, err))
		sync = SYNC_BROKEN;
	return sync;
}

/* One that was never fetched completely may be half made, if a kill came then: git would refuse it for ever. It is begun anew. */
static int make(const struct fetch *fetch, struct err *err)
{
	git_repository_init_options options = { .version = GIT_REPOSITORY_INIT_OPTIONS_VERSION };
	git_repository *git = NULL;

	options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKDIR;
	options.mode = 0700;
	options.initial_head = UNBORN;
	if (vcs_mirror_usable(fetch->git_dir))
		return 0;
	vcs_mirror_remove(fetch->git_dir);
	if (git_repository_init_ext(&git, fetch->git_dir, &options) != 0)
		return err_set(err, VCS_ERR_UNKNOWN, "cannot make the mirror %s: %s", fetch->git_dir, vcs_git_reason());
	git_repository_free(git);
	return 0;
}

static int set_head(const struct fetch *fetch, struct err *err)
{
	git_repository *git = NULL;
	git_reference *head = NULL;
	int got = git_repository_open_bare(&git, fetch->git_dir);

	if (got == 0 && fetch->head_detached)
		got = git_reference_create(&head, git, "HEAD", &fetch->head_commit, 1, NULL);
	else if (got == 0)
		got = git_reference_symbolic_create(&head, git, "HEAD", fetch->head[0] ? fetch->head : UNBORN, 1, NULL);
	git_reference_free(head);
	git_repository_free(git);
	if (got != 0)
		return err_set(err, vcs_git_code(), "cannot set HEAD of the mirror %s: %s", fetch->git_dir, vcs_git_reason());
	return 0;
}

static int read_credential(const struct mapping *mapping, struct fetch *fetch, struct err *err)
{
	if (!mapping->credentials_file)
		return 0;
	if (mapping->ssh && sshkey_read(mapping->credentials_file, &fetch->credential, err) < 0)
		return err_prepend(err, VCS_ERR_UNKNOWN, "%s", fetch->url);
	if (mapping->ssh)
		return vcs_ssh_open(mapping, fetch->url, buf_slice(&fetch->credential), &fetch->ssh, err);
	if (file_read_secret(mapping->credentials_file, &fetch->credential, err) < 0)
		return err_prepend(err, VCS_ERR_UNKNOWN, "%s", fetch->url);
	if (sshkey_is(buf_slice(&fetch->credential)) || slice_index(buf_slice(&fetch->credential), ':') < 1)
		return err_set(err, VCS_ERR_UNKNOWN, "%s: credentials_file must hold user:token, as https wants it", fetch->url);
	return 0;
}

static enum sync fetch_all(struct fetch *fetch, struct err *err)
{
	int64_t as_of_us = clock_wall_us(fetch->vcs->clock);
	enum sync sync = ask(fetch, err);
	int code;

	if (sync != SYNC_DONE)
		return sync;
	if (make(fetch, err) < 0)
		return SYNC_UNREACHABLE;
	vcs_mirror_sweep(fetch->git_dir);
	if (vcs_disk_short(fetch->vcs)) {
		err_set(err, VCS_ERR_UNKNOWN,
			"%s is not fetched: the disk below the data directory is almost full, and the rest is not for repositories; make room there",
			fetch->url);
		return SYNC_UNREACHABLE;
	}
	sync = get(fetch, err);
	if (sync != SYNC_DONE)
		vcs_mirror_sweep(fetch->git_dir); /* what it left would keep the disk full until somebody asks again */
	code = sync == SYNC_DONE ? set_head(fetch, err) : 0;
	if (code < 0)
		sync = code == VCS_DAMAGED ? SYNC_BROKEN : SYNC_UNREACHABLE;
	if (sync == SYNC_DONE && vcs_mirror_mark(fetch->git_dir, fetch->url, as_of_us, err) < 0)
		sync = SYNC_UNREACHABLE;
	if (sync == SYNC_DONE && vcs_mirror_wants_tidying(fetch->git_dir)) {
		const char *const pack_refs[] = { fetch->vcs->git, "pack-refs", "--all", "--prune", NULL };
		const char *const repack[] = { fetch->vcs->git, "repack", "-a", "-d", "-k", "-q", NULL };

		/* Only slower without it: a failure is no failure of the fetch. */
		if (run(fetch, pack_refs, fetch->git_dir, INT64_MAX, false, NULL) == SYNC_DONE)
			run(fetch, repack, fetch->git_dir, INT64_MAX, false, NULL);
	}
	return sync;
}

/* A forge's "not found", of what it never showed us, when it takes the credential elsewhere. */
static bool believed(const struct fetch *fetch)
{
	return !vcs_mirror_known(fetch->vcs, fetch->mapping, fetch->url) && vcs_forge_trusted(fetch->vcs, fetch->url, buf_slice(&fetch->credential));
}

/* One step, or all, with the credential of now. */
static enum sync talk(struct fetch *fetch, enum sync (*step)(struct fetch *, struct err *), struct err *err)
{
	const struct mapping *mapping = fetch->mapping;
	enum sync sync = SYNC_REFUSED;

	buf_init(&fetch->credential, CREDENTIAL_MAX);
	buf_init(&fetch->output, HEADS_BYTES_MAX);
	buf_init(&fetch->messages, MESSAGES_MAX);
	buf_init(&fetch->trace, TRACE_MAX);
	if (read_credential(mapping, fetch, err) < 0)
		goto out;
	sync = SYNC_UNREACHABLE;
	if (vcs_child_config(fetch->url, mapping->ca, mapping->ssh ? SLICE_NONE : buf_slice(&fetch->credential), &fetch->config_fd, err) < 0)
		goto out;
	sync = step(fetch, err);
	if (sync == SYNC_MISSING && believed(fetch))
		sync = SYNC_ABSENT;
out:
	if (fetch->config_fd >= 0)
		close(fetch->config_fd);
	vcs_ssh_close(&fetch->ssh);
	buf_wipe(&fetch->credential);
	buf_free(&fetch->output);
	buf_free(&fetch->messages);
	buf_free(&fetch->trace);
	return sync;
}

enum sync vcs_mirror_fetch(
	struct vcs *vcs, const struct mapping *mapping, const char *url, const char *git_dir, int64_t *sound_until_us, struct err *err)
{
	struct fetch fetch = { .vcs = vcs, .mapping = mapping, .url = url, .config_fd = -1, .ssh = CHILD_SSH_INIT };

	fetch.git_dir = git_dir;
	fetch.sound_until_us = sound_until_us;
	return talk(&fetch, fetch_all, err);
}

enum sync vcs_mirror_ask(struct vcs *vcs, const struct mapping *mapping, const char *url, struct err *err)
{
	struct fetch fetch = { .vcs = vcs, .mapping = mapping, .url = url, .config_fd = -1, .ssh = CHILD_SSH_INIT };

	return talk(&fetch, ask, err);
}
