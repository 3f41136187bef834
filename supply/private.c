/* Private modules: built from git, pinned to a commit at first success. */
#include <stdio.h>

#include "module/semver.h"
#include "supply/supply_private.h"

#define LIST_BYTES_MAX (16 * 1024 * 1024)
#define INFO_BYTES_MAX (64 * 1024)

/* err becomes what callers may read. */
static int vcs_failed(struct supply *supply, const struct order *order, int code, struct err *err)
{
	supply_hide_paths(supply, order->module, err);
	switch ((enum vcs_code)code) {
	case VCS_ERR_ABSENT:
	case VCS_ERR_REJECTED:
		return SUPPLY_ERR_ABSENT;
	case VCS_ERR_UNMAPPED:
		return SUPPLY_ERR_FORBIDDEN;
	case VCS_ERR_STOPPED:
		return SUPPLY_ERR_STORE;
	case VCS_ERR_LATER:
		return SUPPLY_ERR_LATER;
	case VCS_ERR_UNKNOWN:
	case VCS_ERR_INVALID:
		break;
	}
	return SUPPLY_ERR_UNKNOWN;
}

static void tell_other(struct supply *supply, const struct order *order, enum store_fact fact, const char *pinned, const char *found)
{
	struct store_move move = { .fact = fact, .pinned = slice_of(pinned), .found = slice_of(found), .is_private = true };
	tell_changed(supply, order->module, order->query, &move);
}

/* Pins the version to the commit it now has. A tag that moved is told, and refused. */
static int pin_commit(struct supply *supply, struct slice module, const struct vcs_revision *revision, struct err *err)
{
	struct slice version = slice_of(revision->version);
	struct store_pin facts = { .proof = STORE_PROOF_PIN, .is_private = true }, pin = { 0 };
	snprintf(facts.commit, sizeof(facts.commit), "%s", revision->commit);
	bool is_new = store_pin(supply->store, module, version, &pin, NULL) != 0 || pin.commit[0] == '\0';
	int code = store_pin_add(supply->store, module, version, &facts, err);
	if (code != 0 && code != STORE_ERR_PINNED)
		return store_failed(supply, code, err);
	if (is_new)
		moves_forget(supply, module);
	if (code == 0)
		return 0;
	store_pin(supply->store, module, version, &pin, NULL);
	return err_set(err, SUPPLY_ERR_MISMATCH,
		"%.*s@%s was served as commit %.12s and its tag now names %.12s; tags must not move: restore it or make a new version",
		SLICE_ARG(module), revision->version, pin.commit, revision->commit);
}

/* The pinned commit of an exact version, however the tag may stand by now. revision: of a version that was not pinned before. */
static int pinned(struct supply *supply, const struct order *order, struct store_pin *pin_out, struct vcs_revision *revision, struct err *err)
{
	int code = store_pin(supply->store, order->module, order->query, pin_out, err);
	if (code != 0 && code != STORE_ERR_ABSENT)
		return store_failed(supply, code, err);
	/* What was served once is served for ever: a repository that has gone back on it cannot take it away. */
	if (code == 0 && pin_out->commit[0] != '\0') {
		behind_look(supply, order->module);
		return 0;
	}
	code = vcs_resolve(supply->vcs, order->module, order->asked_us, order->query, revision, err);
	if (code != 0)
		return vcs_failed(supply, order, code, err);
	if (!slice_equal_text(order->query, revision->version))
		return err_set(
			err, SUPPLY_ERR_ABSENT, "%.*s@%.*s is version %s", SLICE_ARG(order->module), SLICE_ARG(order->query), revision->version);
	code = pin_commit(supply, order->module, revision, err);
	if (code == 0)
		snprintf(pin_out->commit, sizeof(pin_out->commit), "%s", revision->commit);
	return code;
}

static int put_info(
	struct supply *supply, struct slice module, const struct vcs_revision *revision, const struct store_artifact **artifact_out, struct err *err)
{
	struct buf body = BUF_INIT(INFO_BYTES_MAX);
	struct store_pin facts = { .is_private = true };
	vcs_info_write(revision, true, &body);
	int code = buf_failed(&body) ? supply_no_memory(err, "write an .info") : 0;
	if (code == 0) {
		code = store_put(supply->store, STORE_INFO, module, slice_of(revision->version), buf_slice(&body), &facts, artifact_out, err);
		code = code == 0 ? 0 : store_failed(supply, code, err);
	}
	buf_free(&body);
	return code;
}

/* The facts of a pinned commit: with its tag, when that names it still. */
static int pinned_revision(
	struct supply *supply, const struct order *order, struct slice version, const char *commit, struct vcs_revision *revision, struct err *err)
{
	struct vcs_revision now;
	int code = vcs_resolve(supply->vcs, order->module, order->asked_us, version, &now, NULL);
	if (code == 0 && strcmp(now.commit, commit) == 0 && slice_equal_text(version, now.version)) {
		*revision = now;
		return 0;
	}
	code = vcs_pinned(supply->vcs, order->module, order->asked_us, version, commit, revision, err);
	return code == 0 ? 0 : vcs_failed(supply, order, code, err);
}

static int info_exact(struct supply *supply, const struct order *order, struct supply_answer **answer_out, struct err *err)
{
	const struct store_artifact *artifact = NULL;
	struct vcs_revision revision = { .commit = "" };
	struct store_pin pin;
	int code = pinned(supply, order, &pin, &revision, err);
	if (code == 0 && revision.commit[0] == '\0')
		code = pinned_revision(supply, order, order->query, pin.commit, &revision, err);
	if (code == 0)
		code = put_info(supply, order->module, &revision, &artifact, err);
	if (code == 0)
		*answer_out = answer_artifact(order, artifact, SUPPLY_BUILT);
	return code;
}

/* What the mirror knew when its repository was last read: nothing to keep, since the next question may find the repository back. */
static int give_stale(struct supply *supply, const struct order *order, const struct buf *body, int64_t as_of_us, struct supply_answer **answer_out,
	struct err *err)
{
	int64_t age_s = (clock_wall_us(supply->clock) - as_of_us) / 1000000;
	struct supply_answer *answer = NULL;
	if (as_of_us == 0)
		age_s = SUPPLY_AGE_UNKNOWN;
	else if (age_s < 0)
		age_s = 0;
	if (!buf_failed(body))
		answer = answer_stale(order, buf_slice(body), age_s);
	if (answer == NULL)
		return supply_no_memory(err, "give the answer");
	*answer_out = answer;
	return 0;
}

/* The tag of the latest version moved: it is that version all the same, as it was served. */
static int latest_pinned(struct supply *supply, const struct order *order, struct vcs_revision *revision, struct err *err)
{
	struct vcs_revision as_served;
	struct store_pin pin;
	int code = store_pin(supply->store, order->module, slice_of(revision->version), &pin, err);
	if (code != 0)
		return store_failed(supply, code, err);
	code = pinned_revision(supply, order, slice_of(revision->version), pin.commit, &as_served, err);
	if (code != 0)
		return code;
	as_served.stale = revision->stale;
	as_served.as_of_us = revision->as_of_us;
	*revision = as_served;
	return 0;
}

/*
 * What may change: kept under the query's own name, the version it stands for pinned. A branch or commit whose version was served as another
 * commit is refused: what would be downloaded is not what was asked for.
 */
static int keep_revision(
	struct supply *supply, const struct order *order, struct vcs_revision *revision, struct supply_answer **answer_out, struct err *err)
{
	struct buf body = BUF_INIT(INFO_BYTES_MAX);
	int code = pin_commit(supply, order->module, revision, err);
	if (code == SUPPLY_ERR_MISMATCH && order->kind == SUPPLY_LATEST)
		code = latest_pinned(supply, order, revision, err);
	if (code == 0) {
		vcs_info_write(revision, false, &body);
		code = revision->stale ? give_stale(supply, order, &body, revision->as_of_us, answer_out, err)
				       : keep_answer(supply, order, &body, SUPPLY_BUILT, answer_out, err);
	}
	buf_free(&body);
	return code;
}

static int info(struct supply *supply, const struct order *order, struct supply_answer **answer_out, struct err *err)
{
	struct vcs_revision revision;
	if (order_exact(order)) {
		int code = info_exact(supply, order, answer_out, err);
		/* v2.0.0 of a module without go.mod is v2.0.0+incompatible: another version answers, as for any query. */
		if (code != SUPPLY_ERR_ABSENT || slice_equal(semver_build(order->query), SLICE("+incompatible")))
			return code;
	}
	int code = order->kind == SUPPLY_LATEST ? vcs_latest(supply->vcs, order->module, order->asked_us, &revision, err)
						: vcs_resolve(supply->vcs, order->module, order->asked_us, order->query, &revision, err);
	return code == 0 ? keep_revision(supply, order, &revision, answer_out, err) : vcs_failed(supply, order, code, err);
}

static int mod(struct supply *supply, const struct order *order, struct supply_answer **answer_out, struct err *err)
{
	const struct store_artifact *artifact = NULL;
	struct vcs_revision revision = { .commit = "" };
	struct store_pin pin, facts = { .mod_proof = STORE_PROOF_PIN, .is_private = true };
	struct buf body = BUF_INIT(MODULE_GOMOD_BYTES_MAX);
	int code = pinned(supply, order, &pin, &revision, err);
	if (code != 0)
		return code;
	code = vcs_go_mod(supply->vcs, order->module, order->asked_us, order->query, pin.commit, &body, err);
	code = code == 0 ? 0 : vcs_failed(supply, order, code, err);
	if (code == 0) {
		dirhash_gomod(buf_slice(&body), facts.mod_h1);
		code = store_pin_add(supply->store, order->module, order->query, &facts, err);
		if (code == STORE_ERR_PINNED && store_pin(supply->store, order->module, order->query, &pin, NULL) == 0)
			tell_other(supply, order, STORE_FACT_MOD_H1, pin.mod_h1, facts.mod_h1);
		if (code == 0)
			code = store_put(supply->store, STORE_MOD, order->module, order->query, buf_slice(&body), &facts, &artifact, err);
		code = code == 0 ? 0 : store_failed(supply, code, err);
	}
	if (code == 0)
		*answer_out = answer_artifact(order, artifact, SUPPLY_BUILT);
	buf_free(&body);
	return code;
}

static int zip(struct supply *supply, const struct order *order, struct supply_answer **answer_out, struct err *err)
{
	struct zip_writer writer;
	struct vcs_revision revision = { .commit = "" };
	struct store_pin pin, facts = { .proof = STORE_PROOF_PIN, .is_private = true };
	int code = pinned(supply, order, &pin, &revision, err);
	if (code != 0)
		return code;
	code = zip_writer_open(supply, order, &writer, err);
	if (code != 0)
		goto out;
	code = vcs_zip(supply->vcs, order->module, order->asked_us, order->query, pin.commit, zip_writer_sink, &writer, facts.h1, err);
	if (code == VCS_ERR_STOPPED)
		code = store_failed(supply, STORE_ERR, &writer.err);
	else if (code != 0)
		code = vcs_failed(supply, order, code, err);
	if (code != 0)
		goto out;

	code = store_pin_add(supply->store, order->module, order->query, &facts, err);
	if (code == STORE_ERR_PINNED && store_pin(supply->store, order->module, order->query, &pin, NULL) == 0)
		tell_other(supply, order, STORE_FACT_H1, pin.h1, facts.h1);
	code = code == 0 ? zip_writer_store(supply, order, &writer, &facts, answer_out, SUPPLY_BUILT, err) : store_failed(supply, code, err);
out:
	zip_writer_close(&writer);
	return code;
}

/* --- list ------------------------------------------------------------------------------------------------------------------------------- */

/* A path without versions is a module all the same if `latest` finds one there; else it is nothing, and the go command looks elsewhere. */
static int list_empty(struct supply *supply, const struct order *order, struct err *err)
{
	struct vcs_revision revision;
	int code = vcs_latest(supply->vcs, order->module, order->asked_us, &revision, err);
	return code == 0 ? 0 : vcs_failed(supply, order, code, err);
}

static int list(struct supply *supply, const struct order *order, struct supply_answer **answer_out, struct err *err)
{
	struct buf body = BUF_INIT(LIST_BYTES_MAX);
	bool stale = false;
	int64_t as_of_us = 0;
	int code = vcs_list(supply->vcs, order->module, order->asked_us, &body, &stale, &as_of_us, err);
	code = code == 0 ? 0 : vcs_failed(supply, order, code, err);
	if (code == 0 && body.len == 0)
		code = list_empty(supply, order, err);
	if (code == 0)
		code = stale ? give_stale(supply, order, &body, as_of_us, answer_out, err)
			     : keep_answer(supply, order, &body, SUPPLY_BUILT, answer_out, err);
	buf_free(&body);
	return code;
}

/* Not kept: vcs remembers what it had to ask for. */
static int root(struct supply *supply, const struct order *order, struct supply_answer **answer_out, struct err *err)
{
	char path[MODULE_PATH_MAX + 1];
	int code = vcs_root(supply->vcs, order->module, order->asked_us, path, err);
	if (code != 0)
		return vcs_failed(supply, order, code, err);
	*answer_out = answer_bytes(slice_of(path), supply->list_ttl_s, true);
	return *answer_out != NULL ? 0 : supply_no_memory(err, "tell where a module is");
}

static int produce(struct supply *supply, const struct order *order, struct supply_answer **answer_out, struct err *err)
{
	switch (order->kind) {
	case SUPPLY_LIST:
		return list(supply, order, answer_out, err);
	case SUPPLY_LATEST:
	case SUPPLY_INFO:
		return info(supply, order, answer_out, err);
	case SUPPLY_MOD:
		return mod(supply, order, answer_out, err);
	case SUPPLY_ZIP:
		return zip(supply, order, answer_out, err);
	case SUPPLY_ROOT:
		return root(supply, order, answer_out, err);
	case SUPPLY_KINDS:
		break;
	}
	return err_set(err, SUPPLY_ERR_UNKNOWN, "no such kind");
}

int produce_private(struct supply *supply, const struct order *order, struct supply_answer **answer_out, struct err *err)
{
	int code = produce(supply, order, answer_out, err);
	/* The references were read for that. */
	if (order->kind != SUPPLY_ROOT && !order_exact(order))
		moves_look(supply, order->module, order->asked_us, false);
	return code;
}
