/* Opening and closing the room, and the public calls: each one session, its question, and what freshness makes of the answer. */
#include "vcs/vcs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "module/semver.h"
#include "vcs/vcs_private.h"

#define FETCH_TIMEOUT_MS (300 * 1000LL)
#define FETCH_MEMORY_MAX (4LL << 30)
#define FETCH_BYTES_MAX  (8LL << 30)
#define CACHE_BYTES_MAX  (32 << 20) /* of parsed objects, all repositories together */
#define PACKS_WINDOW     (8 << 20)  /* of a pack file, mapped at a time */
#define PACKS_MAPPED_MAX (32 << 20) /* of all of them together, beyond what is being read */

/* Process-wide, and the same however often: no ambient configuration, no refusal of repositories that belong to somebody else. */
static int set_up_library(struct err *err)
{
	if (git_libgit2_init() < 0)
		return err_set(err, VCS_ERR_UNKNOWN, "cannot start libgit2: %s", vcs_git_reason());
	for (int level = GIT_CONFIG_LEVEL_PROGRAMDATA; level <= GIT_CONFIG_LEVEL_GLOBAL; level++)
		if (git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "") < 0)
			return err_set(err, VCS_ERR_UNKNOWN, "cannot set up libgit2: %s", vcs_git_reason());
	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, (ssize_t)CACHE_BYTES_MAX);
	git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, (size_t)PACKS_WINDOW);
	git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, (size_t)PACKS_MAPPED_MAX);
	return 0;
}

static int set_mappings(struct vcs *vcs, const struct vcs_options *options, struct err *err)
{
	int code = 0;

	vcs->mappings = calloc(options->count ? options->count : 1, sizeof(*vcs->mappings));
	if (!vcs->mappings)
		return vcs_no_memory(err, "keep the repositories' prefixes");
	for (size_t i = 0; i < options->count && code == 0; i++) {
		vcs->count++;
		code = vcs_mapping_init(&options->repositories[i], &vcs->mappings[i], err);
		for (size_t j = 0; j < i && code == 0; j++)
			if (strcmp(vcs->mappings[i].prefix, vcs->mappings[j].prefix) == 0)
				code = err_set(err, VCS_ERR_INVALID, "prefix %s is configured twice", vcs->mappings[i].prefix);
	}
	return code;
}

/* An empty repository: children that only read objects run in it, so that no configuration of the objects' owner applies. */
static int set_empty(struct vcs *vcs, struct err *err)
{
	git_repository *git = NULL;
	int got = -1;

	vcs->empty = malloc(strlen(vcs->mirrors) + sizeof("/empty.git"));
	if (vcs->empty) {
		vcs_text_join(vcs->empty, strlen(vcs->mirrors) + sizeof("/empty.git"), vcs->mirrors, "/empty.git");
		got = git_repository_init(&git, vcs->empty, 1);
	}
	git_repository_free(git);
	return got == 0 ? 0
			: err_set(err, VCS_ERR_UNKNOWN, "cannot make %s/empty.git: %s; check who owns the directory and its disk's space",
				  vcs->mirrors, vcs_git_reason());
}

static int set_directories(struct vcs *vcs, const struct vcs_options *options, struct err *err)
{
	char *absolute;

	if (!options->mirrors)
		return err_set(err, VCS_ERR_INVALID, "a directory for mirrors is missing");
	if (file_mkdirs(options->mirrors, 0700, err) < 0)
		return VCS_ERR_UNKNOWN;
	absolute = realpath(options->mirrors, NULL);
	vcs->mirrors = absolute;
	vcs->git = strdup(options->git ? options->git : "/usr/bin/git");
	if (!vcs->mirrors || !vcs->git)
		return err_set(err, VCS_ERR_UNKNOWN, "cannot use the directory %s: %s; check who owns it", options->mirrors, strerror(errno));
	vcs_mirrors_recover(vcs->mirrors);
	return set_empty(vcs, err);
}

int vcs_open(const struct vcs_options *options, struct vcs **vcs_out, struct err *err)
{
	struct vcs *vcs;
	int code = set_up_library(err);

	if (code < 0)
		return code;
	vcs = calloc(1, sizeof(*vcs));
	if (!vcs) {
		git_libgit2_shutdown();
		return vcs_no_memory(err, "open the repositories");
	}
	pthread_mutex_init(&vcs->lock, NULL);
	pthread_cond_init(&vcs->fetch_ended, NULL);
	atomic_init(&vcs->aborted, false);
	vcs->clock = options->clock ? options->clock : &clock_system;
	vcs->missing_us = options->missing_s * 1000000 > SYNC_MISSING_US ? options->missing_s * 1000000 : SYNC_MISSING_US;
	vcs->fetch_timeout_ms = options->fetch_timeout_ms ? options->fetch_timeout_ms : FETCH_TIMEOUT_MS;
	vcs->fetch_memory_max = options->fetch_memory_max ? options->fetch_memory_max : FETCH_MEMORY_MAX;
	vcs->fetch_bytes_max = options->fetch_bytes_max ? options->fetch_bytes_max : FETCH_BYTES_MAX;
	vcs->warn = options->warn;
	vcs->warn_ctx = options->warn_ctx;
	vcs->changed_since = options->changed_since;
	vcs->changed_ctx = options->changed_ctx;
	code = set_mappings(vcs, options, err);
	if (code == 0)
		code = set_directories(vcs, options, err);
	if (code < 0)
		vcs_close(&vcs);
	else
		*vcs_out = vcs;
	return code;
}

void vcs_close(struct vcs **vcs)
{
	struct vcs *gone = *vcs;

	*vcs = NULL;
	if (!gone)
		return;
	vcs_fetches_end(gone);
	while (gone->repositories) {
		struct repository *next = gone->repositories->next;

		vcs_repository_free(&gone->repositories);
		gone->repositories = next;
	}
	for (size_t i = 0; i < gone->count; i++)
		vcs_mapping_free(&gone->mappings[i]);
	free(gone->mappings);
	free(gone->mirrors);
	free(gone->empty);
	free(gone->git);
	pthread_cond_destroy(&gone->fetch_ended);
	pthread_mutex_destroy(&gone->lock);
	free(gone);
	git_libgit2_shutdown();
}

void vcs_abort(struct vcs *vcs)
{
	atomic_store(&vcs->aborted, true);
}

void vcs_repository_of(struct vcs *vcs, struct slice module, char repository_out[VCS_REPOSITORY_MAX + 1])
{
	const struct mapping *mapping = vcs_mapping_find(vcs->mappings, vcs->count, module);
	struct location at;

	repository_out[0] = '\0';
	if (mapping && vcs_location_guess(vcs, mapping, module, &at) == 0)
		memcpy(repository_out, at.repository, sizeof(at.repository));
}

int vcs_root(struct vcs *vcs, struct slice module, int64_t asked_us, char root_out[MODULE_PATH_MAX + 1], struct err *err)
{
	const struct mapping *mapping = vcs_mapping_find(vcs->mappings, vcs->count, module);
	struct question question;
	struct location at;
	int code;

	if (!mapping)
		return err_set(err, VCS_ERR_UNMAPPED, "no repository is configured for %.*s", SLICE_ARG(module));
	question = vcs_question_begin(vcs, mapping, module, asked_us);
	code = vcs_location_find(&question, module, false, &at, err);
	if (code < 0)
		return code;
	memcpy(root_out, at.module, at.root_len);
	root_out[at.root_len] = '\0';
	return 0;
}

/* "Absent" is only true of references that could be read: otherwise the failure is the answer. */
static int absent_or_unknown(const struct session *session, int code, struct err *err)
{
	if ((code == VCS_ERR_ABSENT || code == VCS_ERR_REJECTED) && session->failure != SYNC_DONE)
		return err_set(err, vcs_sync_code(session->failure, session->at.mapping), "%s", session->failure_text.text);
	return code;
}

/* An empty list says "no versions yet" of a module and "absent" of what is none. */
static int list_or_absent(struct session *session, const struct versions *versions, struct err *err)
{
	struct vcs_revision head;
	int code;

	if (versions->count > 0)
		return 0;
	code = vcs_resolve_head(session, &head, err);
	return code == VCS_ERR_REJECTED ? 0 : code;
}

static int list(struct session *session, struct buf *out, struct err *err)
{
	struct versions versions = { NULL, 0 };
	int code = vcs_session_trust(session, err);

	if (code == 0)
		code = vcs_versions_list(session, &versions, err);
	if (code == 0)
		code = list_or_absent(session, &versions, err);
	for (size_t i = 0; i < versions.count && code == 0; i++) {
		buf_add_slice(out, versions.items[i].text);
		buf_add_text(out, versions.items[i].incompatible ? "+incompatible\n" : "\n");
	}
	if (code == 0 && buf_failed(out))
		code = err_set(err, VCS_ERR_UNKNOWN, "the list of versions of %s has more than %zu bytes; remove tags", session->at.module, out->max);
	vcs_versions_free(&versions);
	return code;
}

static int list_current(struct session *session, struct buf *out, bool *stale_out, int64_t *as_of_us_out, struct err *err)
{
	int code = list(session, out, err);

	if (code == VCS_ERR_ABSENT && vcs_session_renew(session))
		code = list(session, out, err);
	code = absent_or_unknown(session, code, err);
	if (code < 0)
		return code;
	*stale_out = session->failure != SYNC_DONE;
	if (as_of_us_out)
		*as_of_us_out = session->as_of_us;
	return 0;
}

int vcs_list(struct vcs *vcs, struct slice module, int64_t asked_us, struct buf *out, bool *stale_out, int64_t *as_of_us_out, struct err *err)
{
	struct session *session = NULL;
	int code;

	do {
		code = vcs_session_open(vcs, module, asked_us, SESSION_FRESH, &session, err);
		if (code == 0)
			code = list_current(session, out, stale_out, as_of_us_out, err);
	} while (vcs_session_end(&session, &code, err));
	return code;
}

/* The highest that is not retracted, releases before prereleases. Empty when there is none. */
static struct slice choose_latest(const struct versions *versions, const struct gomod *retractions, bool *incompatible_out)
{
	for (int prereleases = 0; prereleases < 2; prereleases++)
		for (size_t i = versions->count; i > 0; i--) {
			const struct version *version = &versions->items[i - 1];

			if ((semver_prerelease(version->text).len > 0) != prereleases || gomod_retracted(retractions, version->text))
				continue;
			*incompatible_out = version->incompatible;
			return version->text;
		}
	return SLICE_NONE;
}

static int latest(struct session *session, struct vcs_revision *revision_out, struct err *err)
{
	struct versions versions = { NULL, 0 };
	struct gomod retractions = { NULL, NULL, 0 };
	struct buf query = BUF_INIT(MODULE_VERSION_MAX);
	bool incompatible = false;
	int code = vcs_session_trust(session, err);

	if (code == 0)
		code = vcs_versions_list(session, &versions, err);
	if (code < 0)
		goto out;
	vcs_versions_retractions(session, &versions, &retractions);
	buf_add_slice(&query, choose_latest(&versions, &retractions, &incompatible));
	if (query.len > 0 && incompatible)
		buf_add_text(&query, "+incompatible");
	if (query.len > 0)
		code = vcs_resolve_query(session, buf_slice(&query), revision_out, err);
	else
		code = vcs_resolve_head(session, revision_out, err);
out:
	buf_free(&query);
	gomod_free(&retractions);
	vcs_versions_free(&versions);
	return code;
}

int vcs_latest(struct vcs *vcs, struct slice module, int64_t asked_us, struct vcs_revision *revision_out, struct err *err)
{
	struct session *session = NULL;
	int code;

	do {
		code = vcs_session_open(vcs, module, asked_us, SESSION_FRESH, &session, err);
		if (code == 0)
			code = absent_or_unknown(session, latest(session, revision_out, err), err);
	} while (vcs_session_end(&session, &code, err));
	return code;
}

/* Exact versions are answered always, the rest as vcs_session_trust() says. */
int vcs_resolve_current(struct session *session, struct slice query, struct vcs_revision *revision_out, struct err *err)
{
	struct vcs_revision revision;
	int code = vcs_resolve_query(session, query, &revision, err);

	if ((code == VCS_ERR_ABSENT || code == VCS_ERR_REJECTED) && vcs_session_renew(session))
		code = vcs_resolve_query(session, query, &revision, err);
	code = absent_or_unknown(session, code, err);
	if (code == 0 && !slice_equal_text(query, revision.version))
		code = vcs_session_trust(session, err);
	if (code == 0)
		*revision_out = revision;
	return code;
}

int vcs_resolve(struct vcs *vcs, struct slice module, int64_t asked_us, struct slice query, struct vcs_revision *revision_out, struct err *err)
{
	struct session *session = NULL;
	int code;

	if (slice_equal_text(query, "latest") || slice_equal_text(query, "upgrade") || slice_equal_text(query, "patch"))
		return err_set(err, VCS_ERR_ABSENT, "%.*s is answered by @latest and the list of versions, not by a revision", SLICE_ARG(query));
	do {
		code = vcs_session_open(vcs, module, asked_us, SESSION_FRESH, &session, err);
		if (code == 0)
			code = vcs_resolve_current(session, query, revision_out, err);
	} while (vcs_session_end(&session, &code, err));
	return code;
}

int vcs_refresh(struct vcs *vcs, struct slice module, int64_t asked_us, struct err *err)
{
	struct session *session = NULL;
	int code;

	do {
		code = vcs_session_open(vcs, module, asked_us, SESSION_NOW, &session, err);
		if (code == 0 && session->failure != SYNC_DONE)
			code = err_set(err, vcs_sync_code(session->failure, session->at.mapping), "%s", session->failure_text.text);
	} while (vcs_session_end(&session, &code, err));
	return code;
}
