/* Which versions of a list this caller may have. Lists may be long and rules many: what is more than a moment's work is done on a worker. */
#include "gateway/gateway_private.h"

#include "base/hash.h"
#include "module/semver.h"

#define MOMENT_BYTES ((size_t)64 * 1024) /* of the list, once for each rule: some hundred microseconds */

struct job {
	struct request *request;
	void (*work)(struct request *request);
};

static void job_run(void *arg)
{
	const struct job *job = arg;
	job->work(job->request);
	request_wake(job->request);
}

static void refuse_busy(struct request *request)
{
	request_refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE, "modgate: too many long lists are being looked through just now; try again shortly");
}

/* At once, or with STEP_WAIT on a worker; work may refuse the request. */
static enum step_result run(struct request *request, void (*work)(struct request *request))
{
	if (request->answer->body.len * policy_rules(request->policy) <= MOMENT_BYTES) {
		work(request);
		return STEP_DONE;
	}
	struct job *job = arena_alloc(request->arena, sizeof(*job));
	if (job == NULL) {
		refuse_busy(request);
		return STEP_DONE;
	}
	*job = (struct job){ .request = request, .work = work };
	request_wait(request);
	if (pool_submit(request->gateway->versions, job_run, job) != 0) {
		refuse_busy(request);
		request_wake(request);
	}
	return STEP_WAIT;
}

static bool allows(struct request *request, struct slice version)
{
	struct policy_answer answer;
	request_decide(request, request->route->action, version, &answer);
	if (answer.verdict == POLICY_ALLOW && request->decision.verdict != POLICY_ALLOW)
		request->decision = answer;
	return answer.verdict == POLICY_ALLOW;
}

/* A body of our own making needs a tag of its own. */
static bool own_body(struct request *request, const struct buf *body)
{
	uint8_t digest[SHA256_BYTES];
	char hex[SHA256_HEX];
	if (buf_failed(body))
		return false;
	sha256(buf_slice(body), digest);
	hex_encode(digest, sizeof(digest), hex);
	request->body = body->len != 0 ? arena_copy(request->arena, buf_slice(body)) : SLICE("");
	request->etag = arena_printf(request->arena, "\"%s\"", hex);
	return request->body.ptr != NULL && request->etag != NULL;
}

static void filter(struct request *request)
{
	struct slice list = request->answer->body, rest = list, version;
	struct buf kept = BUF_INIT(list.len + 1);
	while (slice_next(&rest, '\n', &version)) {
		if (version.len != 0 && allows(request, version)) {
			buf_add_slice(&kept, version);
			buf_add_char(&kept, '\n');
		}
	}
	if (kept.len != list.len && !own_body(request, &kept))
		request_refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE, "modgate: the list of versions is too long to be served");
	buf_free(&kept);
}

enum step_result versions_filter(struct request *request)
{
	return request_version_matters(request) ? run(request, filter) : STEP_DONE;
}

/* As the go command chooses: the highest release, else the highest prerelease. */
static void choose_highest(struct request *request)
{
	struct slice rest = request->answer->body, version, release = SLICE_NONE, prerelease = SLICE_NONE;
	while (slice_next(&rest, '\n', &version)) {
		struct slice *best = semver_prerelease(version).len == 0 ? &release : &prerelease;
		if (version.len == 0 || (best->ptr != NULL && semver_compare(version, *best) <= 0))
			continue;
		if (allows(request, version))
			*best = version;
	}
	if (release.ptr == NULL)
		release = prerelease;
	request->resolved = arena_copy(request->arena, release);
	/* "Not found" must not come of that. */
	if (release.len > 0 && request->resolved.ptr == NULL)
		request_refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE, "modgate: memory is short; try again shortly");
}

enum step_result versions_highest(struct request *request)
{
	return run(request, choose_highest);
}
