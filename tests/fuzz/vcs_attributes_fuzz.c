/* .gitattributes: rules point into what they were read from and name attributes that are known; every file gets a conversion or a refusal. */
#include "tests/fuzz/fuzz.h"
#include "vcs/attributes_private.h"

static void check_rules(const struct rules *rules, const struct attribute_names *names, struct slice file)
{
	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->rules[i];

		ASSERT((rule->text == NULL) == (rule->macro != ATTRIBUTE_NONE));
		ASSERT(rule->states_at + rule->states_count <= rules->states_count);
		if (rule->text == NULL)
			continue;
		ASSERT(rule->pattern >= rule->text && rule->pattern <= rule->text + 1 && rule->literal <= strlen(rule->pattern));
		ASSERT(rule->basename == (strchr(rule->text, '/') == NULL));
	}
	for (size_t i = 0; i < rules->states_count; i++) {
		ASSERT(rules->states[i].attribute < names->count + ATTRIBUTES_KNOWN);
		ASSERT(fuzz_inside(rules->states[i].value.text, file));
	}
}

/* The last value of each attribute, whatever the patterns. */
static void check_conversion(const struct rules *rules)
{
	struct attribute_value values[ATTRIBUTES_KNOWN] = { { VALUE_UNKNOWN, SLICE_NONE } };
	struct conversion conversion = { .ident = false };
	struct err err = ERR_INIT;

	for (size_t i = 0; i < rules->states_count; i++)
		if (rules->states[i].attribute < ATTRIBUTES_KNOWN)
			values[rules->states[i].attribute] = rules->states[i].value;
	if (vcs_conversion_of(values, "a/b.c", &conversion, &err) == 0)
		ASSERT(memchr(conversion.encoding, '\0', sizeof(conversion.encoding)) != NULL);
	else
		ASSERT(err.text[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct attribute_names names = { .names = NULL };
	struct rules rules = { .rules = NULL };
	struct slice file = slice_make(bytes, len);

	ASSERT(vcs_rules_read(file, &names, true, &rules) == 0);
	check_rules(&rules, &names, file);
	check_conversion(&rules);
	vcs_rules_free(&rules);
	for (size_t i = 0; i < names.count; i++)
		free(names.names[i]);
	free(names.names);
	return 0;
}
