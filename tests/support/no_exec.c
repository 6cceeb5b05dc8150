// Forbids a server executable memory as systemd's MemoryDenyWriteExecute does, preloaded: RJK_NO_EXEC says whether
// in the server and all that it makes ("all"), or in its children alone ("children").
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

static void forbid(void) {
    if (prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) != 0) {
        perror("PR_SET_MDWE");
        abort();
    }
}

__attribute__((constructor)) static void begin(void) {
    const char *where = getenv("RJK_NO_EXEC");
    if (where && strcmp(where, "children") == 0)
        pthread_atfork(NULL, NULL, forbid);
    else
        forbid();
}
