/* FILE[:/DATASET]: where it is split, and where an output leads. */
#include "data/location.h"
#include "data_files.h"
#include "suite.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void check_parse(const char *word, const char *file, const char *dataset)
{
    struct error error = {0};
    struct location at;

    CU_ASSERT_EQUAL(location_parse(word, &at, &error), OK);
    CU_ASSERT_STRING_EQUAL(at.file, file);
    CU_ASSERT_STRING_EQUAL(at.dataset, dataset);
}

static void check_refused(int (*parse)(const char *, struct location *, struct error *), const char *word,
                          const char *line)
{
    struct error error = {0};
    struct location at;

    CU_ASSERT_EQUAL(parse(word, &at, &error), REFUSED);
    CU_ASSERT_STRING_EQUAL(error.text, line);
    if (strcmp(error.text, line))
        fprintf(stderr, "expected: %s\n     got: %s\n", line, error.text);
}

static void splits_at_the_last_colon_slash(void)
{
    folder_make();
    check_parse("a.h5", "a.h5", "");
    check_parse("a.h5:/x", "a.h5", "/x");
    check_parse("a.h5:/g/x/", "a.h5", "/g/x");
    check_parse("a:/b:/c", "a:/b", "/c");
    check_parse("/d/a.h5:/x", "/d/a.h5", "/x");
    check_parse("a.h5:x", "a.h5:x", "");
    check_parse("a:b.h5:/x", "a:b.h5", "/x");
    folder_remove();
}

static void takes_a_file_of_the_whole_name(void)
{
    folder_make();
    CU_ASSERT_EQUAL(mkdir("a:", 0700), 0);
    check_parse("a:/b.h5", "a", "/b.h5");
    put_file("a:/b.h5", "x");
    check_parse("a:/b.h5", "a:/b.h5", "");
    check_parse("a:/b.h5:/x", "a:/b.h5", "/x");
    folder_remove();
}

static void refuses_what_is_no_location(void)
{
    char word[2 * PATH_BYTES];
    struct error error = {0};
    struct location at;

    check_refused(location_parse, "", "'': no file (give FILE or FILE:/DATASET)");
    check_refused(location_parse, ":/x", ":/x: no file before ':' (give FILE:/DATASET)");
    check_refused(location_parse, "f.h5:/", "f.h5:/: no dataset after ':' (give FILE:/DATASET)");
    check_refused(location_parse, "f.h5://", "f.h5://: no dataset after ':' (give FILE:/DATASET)");
    memset(word, 'a', sizeof word);
    word[sizeof word - 1] = '\0';
    CU_ASSERT_EQUAL(location_parse(word, &at, &error), REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "...: longer than 4095 bytes"));
    memcpy(word, "f.h5:/", 6);
    CU_ASSERT_EQUAL(location_parse(word, &at, &error), REFUSED);
    word[PATH_BYTES - 1] = '\0';
    CU_ASSERT_EQUAL(location_parse(word, &at, &error), OK);
}

static void check_output(const char *word, const char *name, const char *dataset)
{
    char here[PATH_MAX], expected[PATH_MAX + 64];
    struct error error = {0};
    struct location at;

    CU_ASSERT_PTR_NOT_NULL(realpath(".", here));
    snprintf(expected, sizeof expected, "%s/%s", here, name);
    CU_ASSERT_EQUAL(location_output(word, &at, &error), OK);
    CU_ASSERT_STRING_EQUAL(at.file, expected);
    CU_ASSERT_STRING_EQUAL(at.dataset, dataset);
}

static void resolves_links_of_an_output(void)
{
    folder_make();
    CU_ASSERT_EQUAL(mkdir("d", 0700) + symlink("d", "to_d") + symlink("real.h5", "d/link.h5"), 0);
    CU_ASSERT_EQUAL(symlink("d/link.h5", "chain.h5") + symlink("round", "round"), 0);
    check_output("new.h5", "new.h5", "");
    check_output("./new.h5:/g/y", "new.h5", "/g/y");
    check_output("to_d/new.h5", "d/new.h5", "");
    check_output("d/link.h5", "d/real.h5", "");
    check_output("to_d/link.h5", "d/real.h5", "");
    check_output("chain.h5:/y", "d/real.h5", "/y");
    put_file("d/real.h5", "x");
    check_output("chain.h5", "d/real.h5", "");
    check_refused(location_output, "round", "round: Too many levels of symbolic links");
    folder_remove();
}

static void refuses_an_output_that_can_not_be(void)
{
    char word[300];
    struct error error = {0};
    struct location at;

    folder_make();
    put_file("file", "x");
    CU_ASSERT_EQUAL(mkdir("d", 0700) + mkfifo("pipe", 0600), 0);
    check_refused(location_output, "no/out.h5", "no/out.h5: no folder no: No such file or directory (make it first)");
    check_refused(location_output, "file/out.h5", "file/out.h5: file is no folder");
    check_refused(location_output, "d", "d: is a folder (give the name of a file in it)");
    check_refused(location_output, "d/", "d/: is a folder (give the name of a file in it)");
    check_refused(location_output, "no/", "no/: no folder no: No such file or directory (make it first)");
    check_refused(location_output, "pipe", "pipe: is no regular file (give the name of one)");
    memset(word, 'a', sizeof word);
    word[240] = '\0';
    CU_ASSERT_EQUAL(location_output(word, &at, &error), REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "...: the name is too long"));
    folder_remove();
}

/* In a child, since it gives up the right to write everywhere. */
static void refuses_a_folder_that_can_not_be_written(void)
{
    const char *line = "d/out.h5: can't write into the folder d: Permission denied";
    int status = -1;
    pid_t child;

    folder_make();
    CU_ASSERT_EQUAL(mkdir("d", 0700) + chmod("d", 0555) + chmod(".", 0755), 0);
    child = fork();
    if (child == 0) {
        struct error error = {0};
        struct location at;

        if (geteuid() == 0 && (setgid(65534) || setuid(65534)))
            _exit(2);
        _exit(location_output("d/out.h5", &at, &error) != REFUSED || strcmp(error.text, line));
    }
    CU_ASSERT(child > 0 && waitpid(child, &status, 0) == child);
    CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    folder_remove();
}

int main(void)
{
    CU_TestInfo tests[] = {{"splits at the last colon and slash", splits_at_the_last_colon_slash},
                           {"takes a file of the whole name", takes_a_file_of_the_whole_name},
                           {"refuses what is no location", refuses_what_is_no_location},
                           {"resolves the links of an output", resolves_links_of_an_output},
                           {"refuses an output that can't be", refuses_an_output_that_can_not_be},
                           {"refuses a folder that can't be written", refuses_a_folder_that_can_not_be_written},
                           CU_TEST_INFO_NULL};

    return suite_run("location", tests);
}
