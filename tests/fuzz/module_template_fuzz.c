/* Templates of repositories: what is read of one is what a count of its braces says. */
#include <stdlib.h>

#include "module/template.h"
#include "tests/fuzz/fuzz.h"

static void check_braces(const char *text, const struct module_template *template)
{
	char brace[] = "{0}";
	size_t braces = 0, found = 0;

	for (const char *at = text; *at != '\0'; at++) {
		braces += *at == '{' || *at == '}';
		found += strncmp(at, "{*}", 3) == 0;
	}
	ASSERT(found == (template->open_ended ? 1 : 0));
	for (size_t n = 1; n <= MODULE_TEMPLATE_ELEMENTS_MAX; n++) {
		brace[1] = (char)('0' + n);
		ASSERT((strstr(text, brace) != NULL) == (n <= template->elements));
		for (const char *at = strstr(text, brace); at != NULL; at = strstr(at + 1, brace))
			found++;
	}
	ASSERT(braces == 2 * found);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text = slice_dup(slice_make(bytes, len));
	struct module_template template;
	struct err err = ERR_INIT;

	if (text == NULL)
		return 0;
	if (module_template_read(text, &template, &err) == 0)
		check_braces(text, &template);
	else
		ASSERT(err.text[0] != '\0');
	free(text);
	return 0;
}
