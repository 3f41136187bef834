/* What the files of vcs share. Top down: mapping a path, the repository and its references, one question (session), its answer. */
#ifndef VCS_VCS_PRIVATE_H
#define VCS_VCS_PRIVATE_H

#include <git2.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/hash.h"
#include "module/gomod.h"
#include "vcs/vcs.h"

/* Inside the room only: an object or reference that must be in the repository cannot be read. vcs_session_end() makes a public code of it. */
#define VCS_DAMAGED (-100)

/* --- mapping.c: from a module path to a repository and a directory in it ------------------------------------------------------- */

/* One configured prefix, checked. */
struct mapping {
	char *prefix;
	char *repository;
	char *subdir;           /* "" when none */
	char *credentials_file; /* NULL when none */
	char *known_hosts_file; /* NULL when none */
	char *ca;               /* NULL when none */
	int64_t refresh_us;
	int64_t hold_us;
	bool missing_is_absent;
	bool lower_case; /* no capital letter in what {n} and {*} stand for */
	bool local;
	bool ssh;
	size_t elements;                /* how many {n} the repository has */
	bool open_ended;                /* it has {*} */
	uint8_t identity[SHA256_BYTES]; /* who asks and whom he trusts: of credentials_file, known_hosts_file and ca */
};

/* Where a module is expected. The slice aliases module: do not copy the struct. */
struct location {
	const struct mapping *mapping;
	char module[MODULE_PATH_MAX + 1];
	struct slice path_major;                 /* "", "/v2", ".v2" or ".v2-unstable" */
	size_t root_len;                         /* of module: the bytes that are the repository's own path */
	bool at_root;                            /* all of them */
	char repository[VCS_REPOSITORY_MAX + 1]; /* URL or path, substituted */
	char directory[VCS_DIRECTORY_MAX];       /* in the repository, "" at its root */
	char tag_prefix[VCS_DIRECTORY_MAX];      /* "" or directory and '/' */
};

/* VCS_ERR_INVALID names what is wrong. Frees nothing on failure: vcs_mapping_free() does. */
int vcs_mapping_init(const struct vcs_repository *repository, struct mapping *mapping_out, struct err *err);
void vcs_mapping_free(struct mapping *mapping);
/* The mapping with the longest prefix, or NULL. */
const struct mapping *vcs_mapping_find(const struct mapping *mappings, size_t count, struct slice module);
#define VCS_CANDIDATES_MAX 24 /* elements that {*} stands for at most: hosts nest their groups less deeply */
/* How many repositories may be the module's: so many elements may {*} stand for. 1 without {*}; 0: the path is too short. */
size_t vcs_mapping_candidates(const struct mapping *mapping, struct slice module);
/* open_elements: how many elements {*} stands for; does not count without one. VCS_ERR_ABSENT: no repository can hold that path. */
int vcs_location_init(const struct mapping *mapping, struct slice module, size_t open_elements, struct location *out, struct err *err);

/* --- refs.c: what the references of a repository were at one moment ------------------------------------------------------------ */

struct ref {
	char *name;     /* without refs/tags/ or refs/heads/ */
	git_oid object; /* what it names */
	git_oid target; /* fully peeled */
	bool commit;    /* target is a commit */
};

/* Never changes once read, but for `reachable`. Counted; shared by sessions. */
struct refs {
	atomic_int holders;
	struct ref *tags, *branches; /* sorted by the bytes of the name */
	size_t tags_count, branches_count;
	git_oid head;
	bool head_born;
	uint8_t *reachable; /* bits by graph index; NULL until asked for; under the repository's graph lock */
	size_t reachable_bits;
	unsigned reachable_epoch;
};

/* Reads them anew. When they are what old says, *refs_out is old, held once more. VCS_ERR_UNKNOWN. */
int vcs_refs_read(git_repository *git, struct refs *old, struct refs **refs_out, struct err *err);
struct refs *vcs_refs_hold(struct refs *refs);
void vcs_refs_release(struct refs **refs);
/* NULL when there is none of that exact name. */
const struct ref *vcs_refs_tag(const struct refs *refs, struct slice name);
const struct ref *vcs_refs_branch(const struct refs *refs, struct slice name);
/* Index of the first tag whose name is not less than prefix: tags that start with it follow in a row. */
size_t vcs_refs_tags_from(const struct refs *refs, struct slice prefix);

/* --- graph.c: the commits of a repository and their parents, kept in memory ---------------------------------------------------- */

#define GRAPH_COMMITS_MAX 4000000 /* a repository with more cannot be asked for ancestry */

/* Grows only. Not for several threads at a time: the repository's graph lock. */
struct graph;
struct graph *vcs_graph_open(void);
void vcs_graph_close(struct graph **graph);
/* Changes when a failure made the graph forget its numbers: bits of before mean nothing then. */
unsigned vcs_graph_epoch(const struct graph *graph);
/* Marks every commit that tips reach, themselves included. Caller frees *bits_out. VCS_ERR_UNKNOWN. */
int vcs_graph_mark(
	struct graph *graph, git_repository *git, const git_oid *tips, size_t tips_count, uint8_t **bits_out, size_t *count_out, struct err *err);
/* Is this commit marked? */
bool vcs_graph_marked(const struct graph *graph, const git_oid *commit, const uint8_t *bits, size_t count);
/* How many marked commits begin with these hex digits (2 means "several"); the first goes to *commit_out. */
unsigned vcs_graph_find(const struct graph *graph, struct slice hex, const uint8_t *bits, size_t count, git_oid *commit_out);

/* --- repository.c, reading.c, probe.c, mend.c: one repository, its open handles, and when its references were last read ---------- */

/* Why references could not be read anew. */
enum sync {
	SYNC_DONE = 0,
	SYNC_UNREACHABLE, /* network, time, a full disk: what is known may be shown as stale */
	SYNC_REFUSED,     /* the forge wants another credential */
	SYNC_MISSING,     /* the forge or the file system says there is no such repository */
	SYNC_ABSENT,      /* the same of a forge that takes the same credential elsewhere just now: it is believed */
	SYNC_PENDING,     /* it is being fetched, and whoever asks has waited long enough */
	SYNC_DAMAGED,     /* read, but not to be trusted */
	SYNC_BROKEN       /* what of it is on this disk cannot be read */
};

#define REPOSITORY_HANDLES_MAX 8
#define REPOSITORIES_OPEN_MAX  256                /* idle ones beyond are closed, least recently used first */
#define SYNC_AGAIN_US          (3 * 1000000LL)    /* an unknown revision or lost pin is looked for again unless the references are younger */
#define SYNC_FAILURE_US        (1 * 1000000LL)    /* a failure is told again for so long without trying: who waited together shares it; */
#define SYNC_FAILURE_US_MAX    (300 * 1000000LL)  /* longer if asking took longer, and for so long at most; for just so long while nobody was told */
#define SYNC_MISSING_US        (5 * 1000000LL)    /* the same of "not found", at least: see missing_us */
#define VCS_THERE_US           (3600 * 1000000LL) /* what {*} was found to stand for is looked for anew after so long */
#define MEND_AGAIN_US          (3600 * 1000000LL) /* a mirror is replaced at most so often, and one found sound is not walked again */

struct repository {
	struct repository *next;
	char *name;                     /* URL or path: the key, with identity */
	uint8_t identity[SHA256_BYTES]; /* of the mappings that share it */
	char *git_dir;                  /* the mirror, or the path itself */
	bool local;
	size_t users; /* under the table's lock */
	int64_t used_us;

	pthread_mutex_t lock; /* all below but the graph */
	pthread_cond_t changed;
	bool busy;                /* somebody reads or fetches */
	int64_t busy_us;          /* since then, by the machine's own clock */
	int64_t begun_us;         /* the same by the clock of vcs */
	unsigned readings;        /* how many have ended */
	bool read_once;           /* a mirror's references of an earlier process were looked for */
	struct refs *refs;        /* NULL before */
	int64_t synced_us;        /* when the last good reading began; INT64_MIN: never in this process */
	int64_t as_of_us;         /* the same by the wall clock, of another process too; 0: never */
	_Atomic int64_t there_us; /* when it was last seen to be there by who looked for just that; 0: never, or it went */
	enum sync failure;
	int64_t failed_us;      /* when that was known */
	int64_t failed_from_us; /* when it was begun to be asked */
	struct err failure_text;
	bool failure_untold;  /* nobody waited when it was known, and nobody asked since */
	unsigned waiting;     /* how many wait for the reading that is under way */
	struct err damage;    /* what it is, or was last, fetched afresh for */
	unsigned generation;  /* of the mirror's directory: counts its replacements */
	int64_t mend_from_us; /* not before */
	/* Of whoever is busy alone, without the lock: */
	bool replaced;          /* the mirror's directory, by this reading */
	int64_t sound_until_us; /* it was proved sound, and is not proved again before then */
	git_repository *handles[REPOSITORY_HANDLES_MAX];
	size_t handles_count;

	pthread_mutex_t graph_lock;
	struct graph *graph;
};

#define FORGES_MAX     64
#define FORGE_TRUST_US (60 * 1000000LL) /* so long a "not found" is believed after the same credential was taken elsewhere */

#define FORGE_SHOWN_BITS (1u << 20) /* four for each URL: of 10000 some three in a million are taken for another */

/* A credential that a forge took. */
struct acceptance {
	uint8_t digest[32]; /* of host and credential */
	int64_t until_us;
};

struct vcs {
	struct mapping *mappings;
	size_t count;
	char *mirrors; /* absolute */
	char *empty;   /* a repository without anything, below mirrors */
	char *git;
	const struct clock *clock;
	int64_t missing_us;
	int64_t fetch_timeout_ms;
	int64_t fetch_memory_max;
	int64_t fetch_bytes_max;
	int64_t disk_floor;                                       /* bytes; 0: by the disk's size */
	int64_t (*changed_since)(void *ctx, struct slice module); /* or NULL */
	void *changed_ctx;
	void (*warn)(void *ctx, const char *sentence); /* or NULL */
	void *warn_ctx;
	atomic_bool aborted;
	pthread_mutex_t lock; /* all below */
	struct repository *repositories;
	size_t repositories_count;
	struct fetching *fetchings;
	struct fetch_waiter *fetch_line; /* who waits for room, the first first */
	pthread_cond_t fetch_ended;      /* or left the line */
	struct acceptance acceptances[FORGES_MAX];
	uint8_t shown[FORGE_SHOWN_BITS / 8]; /* URLs that a host ever showed us; see forge.c */
};

/* Who asks, and how long that may still take. */
struct question {
	struct vcs *vcs;
	const struct mapping *mapping;
	int64_t patience_us; /* what is left of hold_us: waiting for fetches takes from it, and so did waiting to be asked */
	int64_t changed_us;  /* what was found before then, failures too, is old, by the clock of vcs; 0: nothing is */
};

/* Is it the one at this place? What one credential was told or given is nothing to a rule with another. */
bool vcs_repository_is(const struct repository *repository, const struct location *at);
/* Finds or adds the repository and counts one more user. VCS_ERR_UNKNOWN: memory. */
int vcs_repository_acquire(struct vcs *vcs, const struct location *at, struct repository **repository_out, struct err *err);
void vcs_repository_release(struct vcs *vcs, struct repository **repository);
void vcs_repository_free(struct repository **repository);
/* A handle of one's own until it is given back. SYNC_MISSING, SYNC_DAMAGED. */
enum sync vcs_repository_take(struct repository *repository, git_repository **git_out, struct err *err);
/* generation: as it was when the handle was taken, or before. */
void vcs_repository_give(struct repository *repository, git_repository **git, unsigned generation);
unsigned vcs_repository_generation(struct repository *repository);
/*
 * Makes sure that the references were read after since_us (monotonic). Waits for whoever is at it, as long as the question has patience, and no
 * longer than hold_us from the fetch's beginning. Then SYNC_PENDING, and the fetch goes on behind.
 */
enum sync vcs_repository_sync(struct question *question, struct repository *repository, int64_t since_us, struct err *err);
/*
 * Is it there? Asks the host behind, for nothing but that, unless it is known: VCS_THERE_US, or from a failure of a moment ago. Waits as
 * vcs_repository_sync() does: SYNC_PENDING.
 */
enum sync vcs_repository_probe(struct question *question, struct repository *repository, struct err *err);
bool vcs_repository_there(const struct vcs *vcs, const struct repository *repository);
/* The references known now, held; NULL when none ever were. *as_of_us_out: as in vcs_revision. Reads a mirror's from disk the first time. */
struct refs *vcs_repository_refs(struct repository *repository, int64_t *as_of_us_out);
/*
 * What is on this disk cannot be read, as err says. A mirror that is still of this generation is replaced, at most once in MEND_AGAIN_US, and
 * the operator is told. 0: ask again. Else err also says what to do: VCS_ERR_LATER when the fetch takes longer than the question has patience
 * and goes on, VCS_ERR_UNKNOWN when there is none; a local repository is not touched.
 */
int vcs_repository_mend(struct question *question, struct repository *repository, unsigned generation, struct err *err);

/* --- fetches.c: fetches that nobody need wait for -------------------------------------------------------------------------------- */

#define FETCHES_MAX             32
#define FETCHES_HOST_MAX        8
#define FETCHES_HOST_PROBES_MAX (FETCHES_HOST_MAX / 2)

typedef void vcs_fetch_work(struct vcs *vcs, const struct mapping *mapping, struct repository *repository);
/*
 * Has work done on a thread; the repository stays in the table until it is. Where too many are under way, waits for room, first come, first served,
 * as long as the question has patience. probe: it only asks whether the repository is there. Without the repository's lock. VCS_ERR_LATER: there
 * was no room; VCS_ERR_UNKNOWN: memory.
 */
int vcs_fetches_start(struct question *question, struct repository *repository, vcs_fetch_work *work, bool probe, struct err *err);
/* Ends all and waits for it. */
void vcs_fetches_end(struct vcs *vcs);

/* --- forge.c: is a host's "not found" to be believed? ---------------------------------------------------------------------------- */

#define FORGE_CREDENTIAL_MAX 65536

/* The host of url showed it to this credential, or to none, just now. */
void vcs_forge_accepted(struct vcs *vcs, const char *url, struct slice credential);
/* Did it show another one to this credential within FORGE_TRUST_US, and url itself never, to none? */
bool vcs_forge_trusted(struct vcs *vcs, const char *url, struct slice credential);

/* --- mark.c, mirror.c, child.c: fetching ----------------------------------------------------------------------------------------- */

/*
 * Name of the mirror of this URL below vcs->mirrors: of the URL, and where a mapping of another identity may stand for it too, of its identity.
 * Where one came to it later, the mirror of before has the other name: nobody reads it, since it does not say who was given what is in it.
 * Caller frees; NULL: memory.
 */
char *vcs_mirror_path(const struct vcs *vcs, const struct mapping *mapping, const char *url);
/* Was it fetched completely at least once? */
bool vcs_mirror_usable(const char *git_dir);
/* Says of the mirror at git_dir that it is complete as of then. VCS_ERR_UNKNOWN. */
int vcs_mirror_mark(const char *git_dir, const char *url, int64_t as_of_us, struct err *err);
/* When it was last fetched completely, by the wall clock; 0: never. */
int64_t vcs_mirror_as_of(const char *git_dir);
/* Is there any proof on disk that it was once mirrored: by this name, or by the URL alone, which names it while no other identity may have it? */
bool vcs_mirror_known(const struct vcs *vcs, const struct mapping *mapping, const char *url);
/*
 * Brings the mirror to what the remote has now: heads, tags and HEAD. One at a time for each mirror. A fetch that fails, and not by the host's
 * fault, has the whole mirror walked, to tell whether it is damaged (SYNC_BROKEN), but not before *sound_until_us, which a walk sets.
 */
enum sync vcs_mirror_fetch(
	struct vcs *vcs, const struct mapping *mapping, const char *url, const char *git_dir, int64_t *sound_until_us, struct err *err);
/* Asks the remote whether it is there and may be read, with the same credential and limits. Nothing is made on disk. */
enum sync vcs_mirror_ask(struct vcs *vcs, const struct mapping *mapping, const char *url, struct err *err);

/* mend.c. Can git walk all that its references reach? False only if git itself says what is wrong with the mirror. */
bool vcs_mirror_sound(struct vcs *vcs, const char *git_dir, struct err *err);

/* housekeeping.c. Removes what a killed child left: locks and temporary packs. Only while nobody fetches. */
void vcs_mirror_sweep(const char *git_dir);
/* Removes it whole, if it is there. The same. */
void vcs_mirror_remove(const char *git_dir);

#define MIRROR_FRESH ".new.git" /* after a mirror's name: the one that is fetched afresh to take its place */
/*
 * Puts fresh in the place of git_dir, whose mirror becomes aside instead of what was there. At no moment, where the file system can, is there
 * no mirror at git_dir; where it cannot, a kill may leave that to vcs_mirrors_recover(). VCS_ERR_UNKNOWN: fresh is not at git_dir.
 */
int vcs_mirror_exchange(const char *git_dir, const char *fresh, const char *aside, struct err *err);
/* What a kill left of replacements in this directory: a complete one takes a place that is empty, the rest goes. Before anybody asks. */
void vcs_mirrors_recover(const char *mirrors);
/* So many loose references or packs that reading becomes slow? */
bool vcs_mirror_wants_tidying(const char *git_dir);

/* --- find.c: the repository of a module ------------------------------------------------------------------------------------------ */

/*
 * Where the module is expected. With {*}: in the shortest candidate that is there, by what is remembered, else by asking; when asking finds
 * none, in the shortest that is mirrored here. objects: what is in a mirror is enough, so none that is here is asked for.
 */
int vcs_location_find(struct question *question, struct slice module, bool objects, struct location *out, struct err *err);
/* The URL by what is remembered now, else of the shortest candidate. Asks nobody. VCS_ERR_ABSENT. */
int vcs_location_guess(struct vcs *vcs, const struct mapping *mapping, struct slice module, struct location *out);

/* --- session.c: one question to one repository --------------------------------------------------------------------------------- */

struct session {
	struct vcs *vcs;
	struct question question;
	struct location at;
	struct repository *repository;
	git_repository *git;
	struct refs *refs;
	int64_t as_of_us;    /* when refs were read, by the wall clock; 0: not known */
	unsigned generation; /* of the repository when the session was opened */
	int64_t begun_us;
	int64_t work_begun_us; /* when the zip that is being made was begun */
	enum sync failure;     /* of the last attempt to read the references */
	struct err failure_text;
};

enum session_want {
	SESSION_FRESH,  /* references no older than refresh_s; older ones only when the remote fails */
	SESSION_NOW,    /* references read after this call began */
	SESSION_OBJECTS /* whatever is there */
};

/* A question about the module, which the mapping covers. asked_us: as vcs.h has it. */
struct question vcs_question_begin(struct vcs *vcs, const struct mapping *mapping, struct slice module, int64_t asked_us);
int vcs_session_open(struct vcs *vcs, struct slice module, int64_t asked_us, enum session_want want, struct session **session_out, struct err *err);
void vcs_session_close(struct session **session);
/*
 * Closes it with the question's code: VCS_DAMAGED becomes VCS_ERR_UNKNOWN, or VCS_ERR_LATER, and the mirror is mended if it may be. True: ask
 * once more. Every true follows a replacement of the mirror, so that asking again ends.
 */
bool vcs_session_end(struct session **session, int *code, struct err *err);
/* Something was not found: reads the references again unless they are young. True when they changed. */
bool vcs_session_renew(struct session *session);
/* The moment after which references are young enough for that. */
int64_t vcs_session_again_us(const struct session *session);
/* The code for a question that only fresh references can answer; 0 when they are fresh, or may be shown as stale. */
int vcs_session_trust(const struct session *session, struct err *err);
/* Asked now and then while a zip is made: 0, or VCS_ERR_UNKNOWN when all is aborted or it takes longer than fetch_timeout_ms. */
int vcs_session_go_on(const struct session *session, struct err *err);
/* The code of a failed sync by what the mapping says; err is the sentence already. */
int vcs_sync_code(enum sync failure, const struct mapping *mapping);

/* --- lookup.c: a revision's name to a commit ------------------------------------------------------------------------------------ */

struct found {
	git_oid commit;
	char hex[VCS_COMMIT_MAX];
	char abbreviated[13];
	int64_t time_s;
	char ref[VCS_REF_MAX]; /* full name of the reference used; "" for a hash or too long a name */
	struct slice tag;      /* the tag that the lookup named, else empty; belongs to the references */
};

/* name is a tag, branch, HEAD or hex digits, in that order. VCS_ERR_ABSENT, VCS_ERR_REJECTED (ambiguous, no commit), VCS_ERR_UNKNOWN. */
int vcs_lookup_name(struct session *session, struct slice name, struct found *out, struct err *err);
/* The head of the default branch. VCS_ERR_ABSENT when there are no commits. */
int vcs_lookup_head(struct session *session, struct found *out, struct err *err);
/* A query with the rules for versions: pseudo-versions name a hash, versions a tag below the directory. */
int vcs_lookup_query(struct session *session, struct slice query, struct found *out, struct err *err);
/* Exactly this commit. VCS_ERR_UNKNOWN when the object is not there. */
int vcs_lookup_commit(struct session *session, const git_oid *commit, struct found *out, struct err *err);
/* Every commit that this one descends from, and itself, as bits for vcs_graph_marked() under the graph lock, in this epoch. */
int vcs_lookup_ancestors(struct session *session, const git_oid *commit, uint8_t **bits_out, size_t *count_out, unsigned *epoch_out, struct err *err);

/* --- loose.c: loose objects, bounded ------------------------------------------------------------------------------------------------- */

/* Has every read of a loose object through this handle end, whatever is left of its file. Once for a handle. */
int vcs_loose_guard(git_repository *git, struct err *err);

/* --- blob.c, place.c: files at a commit ---------------------------------------------------------------------------------------- */

/* The tree of a commit. Caller frees with git_tree_free(). VCS_ERR_UNKNOWN. */
int vcs_blob_tree(git_repository *git, const git_oid *commit, git_tree **tree_out, struct err *err);
/* The raw bytes of a file (a symlink's target is its bytes). VCS_ERR_ABSENT: no such file. VCS_ERR_REJECTED: larger than out takes. */
int vcs_blob_read(git_repository *git, const git_tree *tree, const char *path, struct buf *out, struct err *err);
int vcs_blob_exists(const git_tree *tree, const char *path, bool *exists_out, struct err *err);

/* Where a module's go.mod is at a commit. */
struct place {
	char directory[VCS_DIRECTORY_MAX + 32]; /* the module's directory: the location's, or its vN */
	bool exists;                            /* false: there is no go.mod and none is needed */
	struct buf bytes;                       /* of go.mod; free with vcs_place_free() */
};

/* VCS_ERR_ABSENT: the module is not in this tree; err says why. */
int vcs_place_find(struct session *session, const git_oid *commit, struct place *out, struct err *err);
void vcs_place_free(struct place *place);

/* --- tags.c, versions.c: versions out of tags ---------------------------------------------------------------------------------- */

#define TAG_VERSION_MAX 200 /* longer ones are no versions: a pseudo-version on top must fit MODULE_VERSION_MAX */

/* The version that a tag stands for: canonical, without build. False: it stands for none. *exact_out: the tag says it exactly so. */
bool vcs_tag_version(const struct session *session, const char *tag, struct slice *version_out, bool *exact_out);
/* "t1:" and the hash over the tags that start with prefix and stand for versions. Out is untouched when memory is short. */
int vcs_tag_sum(const struct session *session, const char *prefix, char out[VCS_SUM_MAX], struct err *err);

/* One version of a list; text aliases the tag's name. */
struct version {
	struct slice text;
	const struct ref *tag;
	bool incompatible;
};
struct versions {
	struct version *items;
	size_t count;
};

/* All that the go command would list, in its order: compatible ones, then incompatible ones. */
int vcs_versions_list(struct session *session, struct versions *out, struct err *err);
void vcs_versions_free(struct versions *versions);
/* What the highest version's go.mod retracts; nothing on any failure. Free with gomod_free(). */
void vcs_versions_retractions(struct session *session, const struct versions *versions, struct gomod *out);

/* --- resolve.c, pseudo.c: a commit to a version -------------------------------------------------------------------------------- */

/* The state of one resolution. */
struct resolution {
	struct session *session;
	struct slice query; /* "" for the head */
	struct found found;
	struct gomod retractions;
	char version[MODULE_VERSION_MAX + 1]; /* the answer */
};

/* Direct mode's answer to a query, and for the head of the default branch. */
int vcs_resolve_query(struct session *session, struct slice query, struct vcs_revision *revision_out, struct err *err);
int vcs_resolve_head(struct session *session, struct vcs_revision *revision_out, struct err *err);
/* May this version carry +incompatible at this commit? */
bool vcs_resolve_may_be_incompatible(struct resolution *resolution, struct slice version);
/* Is it of the path's major, or may it be incompatible? */
bool vcs_resolve_fits(struct resolution *resolution, struct slice version);
/* Holds a requested pseudo-version against its commit. VCS_ERR_REJECTED says what does not match. */
int vcs_pseudo_check(struct resolution *resolution, struct err *err);
/* Makes the pseudo-version of the commit. base: what it builds on, or empty to look for the highest tag among the ancestors. */
int vcs_pseudo_new(struct resolution *resolution, struct slice base, struct buf *out, struct err *err);

/* vcs.c: the answer of now to a query: looks again for what is unknown, and tells absent from not knowable. */
int vcs_resolve_current(struct session *session, struct slice query, struct vcs_revision *revision_out, struct err *err);

/*
 * exact.c: a session and the commit that an exact version is read from: the pin, or what it resolves to. *session_out may be set on failure
 * too: end it.
 */
int vcs_exact_open(struct vcs *vcs, struct slice module, int64_t asked_us, struct slice version, const char *commit, struct session **session_out,
	git_oid *commit_out, struct err *err);

/* --- text.c ---------------------------------------------------------------------------------------------------------------------- */

/* "memory is short", and what to do. VCS_ERR_UNKNOWN. doing: "read the history" */
int vcs_no_memory(struct err *err, const char *doing);
/* The library's last message, for a sentence. */
const char *vcs_git_reason(void);
/* The code for that: VCS_DAMAGED when it is about what lies in the repository; VCS_ERR_UNKNOWN for memory, descriptors and the rest. */
int vcs_git_code(void);
/* Both, one after the other. False, and out empty, when they do not fit. */
bool vcs_text_join(char *out, size_t size, const char *first, const char *second);

#endif
