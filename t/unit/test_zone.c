
/*
 * The shared zone: places of workers and sessions, what the dead leave, what
 * half a write or a damaged slot does, throttles and counters.
 */


#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "td_zone.h"
#include "tap.h"


#define SIZE   (128 * 1024)

#define ROOM   "room-0123456789abcdefg"
#define OTHER  "room-other-9abcdefghij"


static unsigned char  secret[32];
static uint64_t       dead[16];        /* pids that do not exist */
static td_zone_who_t  who, got;
static char           record[TD_ZONE_RECORD];
static size_t         len;
static uint64_t       version;


static int
alive(uint64_t pid)
{
    int  i;

    for (i = 0; i < 16; i++) {
        if (dead[i] == pid) {
            return 0;
        }
    }

    return 1;
}


static int
fresh(td_zone_t *z, void *mem)
{
    memset(mem, 0, SIZE);

    return td_zone_map(z, mem, SIZE, 1, secret, alive);
}


static void
person(const char *room, int n)
{
    memset(&who, 0, sizeof(who));
    memcpy(who.room, room, TD_ZONE_ROOM);
    memset(who.id, 'p', TD_ZONE_ID);
    memcpy(who.id, &n, sizeof(n));
    memcpy(who.name, "Ann", 3);

    who.name_len = 3;
    who.since = n;
}


static int
count(td_zone_t *z, const char *room)
{
    int       n, slot;
    uint32_t  pos;

    n = 0;
    pos = 0;

    while ((slot = td_zone_next(z, room, &pos)) != -1) {
        n += td_zone_read(z, slot, &got, record, &len, &version) == TD_OK;
    }

    return n;
}


static void
layout(void *mem)
{
    td_zone_t  a, b;

    tap_ok(td_zone_map(&a, mem, TD_ZONE_MIN - 1, 1, secret, alive)
           == TD_TOO_BIG, "too little memory is refused");
    tap_ok(fresh(&a, mem) == TD_OK,
           "a new zone");
    tap_ok(td_zone_map(&b, mem, SIZE, 0, NULL, alive) == TD_OK
           && b.nslots == a.nslots && b.slots == a.slots,
           "another process finds the same");
    tap_ok(td_zone_map(&b, mem, SIZE - 64, 0, NULL, alive) == TD_BAD,
           "but not with another size");
    tap_ok((char *) &a.slots[a.nslots] <= (char *) mem + SIZE && a.nslots > 30,
           "%u sessions fit into %d bytes", (unsigned) a.nslots, SIZE);

    a.head->magic++;
    tap_ok(td_zone_map(&b, mem, SIZE, 0, NULL, alive) == TD_BAD,
           "nor what is of another form");
}


static void
workers(void *mem)
{
    uint32_t   i;
    td_zone_t  a, b, c;

    fresh(&a, mem);
    td_zone_map(&b, mem, SIZE, 0, NULL, alive);
    td_zone_map(&c, mem, SIZE, 0, NULL, alive);

    tap_ok(td_zone_join(&a, 100, 1, 7, 1000, 5) == TD_OK
           && td_zone_join(&b, 200, 2, 7, 1001, 5) == TD_OK && a.me != b.me,
           "two workers have places of their own");
    tap_ok(td_zone_alive(&a, b.me, 6) && td_zone_alive(&b, a.me, 6),
           "and know of one another");

    person(ROOM, 1);
    tap_ok(td_zone_put(&a, -1, &who) >= 0 && td_zone_put(&b, -1, &who) >= 0
           && count(&a, ROOM) == 2, "so have their sessions");

    dead[0] = 200;
    tap_ok(!td_zone_alive(&a, b.me, 7), "one that died is seen at once");
    b.workers[b.me].counters[3] = 42;
    tap_ok(td_zone_reap(&a, 7) == 1 && count(&a, ROOM) == 1
           && td_zone_reap(&a, 7) == 0, "its sessions go, once");
    tap_ok(td_zone_sum(&a, 3, 1) == 42 && td_zone_sum(&a, 3, 0) == 0,
           "what it counted is not forgotten");
    dead[0] = 0;

    /* it only stood still */

    tap_ok(td_zone_beat(&b, 8) == TD_BAD && td_zone_put(&b, -1, &who) == -1
           && td_zone_beat(&a, 8) == TD_OK,
           "one that was believed dead finds out");

    td_zone_map(&b, mem, SIZE, 0, NULL, alive);
    td_zone_join(&b, 200, 2, 7, 1001, 9);
    tap_ok(td_zone_reap(&a, 9 + TD_ZONE_SILENT) == 0
           && td_zone_reap(&a, 10 + TD_ZONE_SILENT) == 1,
           "one that is silent is believed dead, its pid may be another's");

    /* a pid comes back before anybody noticed the death of its owner */

    td_zone_join(&b, 300, 3, 7, 1002, 10);
    td_zone_put(&b, -1, &who);
    td_zone_join(&c, 300, 4, 7, 2000, 10);
    tap_ok(c.workers[c.me].node == 4 && count(&c, ROOM) == 1,
           "who has a dead worker's pid cleans up after it");

    td_zone_leave(&c, 0, 0);
    td_zone_leave(&a, 0, 0);
    tap_ok(count(&a, NULL) == 0, "who leaves takes all along");

    td_zone_join(&a, 100, 1, 7, 1000, 20);
    td_zone_put(&a, -1, &who);
    td_zone_leave(&a, 1, 20);
    dead[0] = 100;
    td_zone_join(&b, 200, 2, 8, 1001, 20);
    tap_ok(td_zone_reap(&b, 20 + TD_ZONE_LINGER) == 0 && count(&b, ROOM) == 1
           && td_zone_reap(&b, 21 + TD_ZONE_LINGER) == 1
           && count(&b, ROOM) == 0,
           "or lets its sessions linger, for some time");
    dead[0] = 0;
    td_zone_leave(&b, 0, 0);

    /* all places taken, and one that was killed while it joined or cleaned */

    for (i = 0; i < a.nworkers; i++) {
        td_zone_join(&a, 1000 + i, 1000 + i, 7, i, 10);
    }

    tap_ok(td_zone_join(&b, 1, 1, 7, 1, 10) == TD_TOO_BIG
           && td_zone_put(&b, -1, &who) == -1,
           "the zone has a limit of workers");

    td_zone_map(&b, mem, SIZE, 0, NULL, alive);
    b.workers[5].node = 0;
    b.workers[5].beat = 0;
    dead[0] = 1005;
    tap_ok(td_zone_join(&b, 2, 2, 7, 1, 10) == TD_OK && b.me == 5,
           "a place that was left half way is found again");
    dead[0] = 0;
}


static void
sessions(void *mem)
{
    int        slot, n, first;
    td_zone_t  a, b;

    fresh(&a, mem);
    td_zone_map(&b, mem, SIZE, 0, NULL, alive);
    td_zone_join(&a, 100, 1, 7, 1000, 5);
    td_zone_join(&b, 200, 2, 7, 1001, 5);

    person(ROOM, 1);
    slot = td_zone_put(&a, -1, &who);
    person(OTHER, 2);
    td_zone_put(&a, -1, &who);

    tap_ok(count(&b, ROOM) == 1 && count(&b, OTHER) == 1
           && count(&b, NULL) == 2, "who is on which board");
    tap_ok(td_zone_read(&b, slot, &got, record, &len, &version) == TD_OK
           && got.since == 1 && got.node == 1 && len == 0,
           "a session without a record");

    {
        uint64_t  before = version;

        td_zone_record(&a, slot, "{}", 2);
        tap_ok(td_zone_read(&b, slot, &got, record, &len, &version) == TD_OK
               && len == 2 && memcmp(record, "{}", 2) == 0
               && version != before, "its record, in another version");
    }

    td_zone_record(&a, slot, record, TD_ZONE_RECORD + 1);
    tap_ok(td_zone_read(&b, slot, &got, record, &len, &version) == TD_OK
           && len == 0, "a record that is too long is left out");
    td_zone_record(&b, slot, "[]", 2);
    td_zone_drop(&b, slot);
    tap_ok(count(&b, ROOM) == 1 && len == 0,
           "nobody writes to another's session");

    /* full */

    person(ROOM, 3);
    for (n = 0; td_zone_put(&a, -1, &who) >= 0; n++) { /* void */ }
    tap_ok(n == (int) a.nslots - 2 && td_zone_put(&b, -1, &who) == -1,
           "the zone is full after %u sessions", (unsigned) a.nslots);
    tap_ok(td_zone_put(&a, slot, &who) == slot, "who has a place keeps it");
    td_zone_drop(&a, slot);
    first = td_zone_put(&b, -1, &who);
    tap_ok(first == slot, "a place that is free is found");
}


/* Half writes and damage of any kind: never more than a session that is not
   seen. */

static void
damage(void *mem)
{
    int              slot, i, rounds, bad, long_ones;
    size_t           k;
    td_zone_t        a, b;
    unsigned char   *p;

    fresh(&a, mem);
    td_zone_map(&b, mem, SIZE, 0, NULL, alive);
    td_zone_join(&a, 100, 1, 7, 1000, 5);
    td_zone_join(&b, 200, 2, 7, 1001, 5);

    person(ROOM, 1);
    slot = td_zone_put(&a, -1, &who);

    a.slots[slot].seq |= 1;
    tap_ok(count(&b, ROOM) == 0, "half a write is not read");
    td_zone_put(&a, slot, &who);
    tap_ok(count(&b, ROOM) == 1, "the next whole one is");

    a.slots[slot].len = TD_ZONE_RECORD + 1;
    tap_ok(count(&b, ROOM) == 0, "a length beyond the slot is not believed");
    a.slots[slot].len = 0;
    a.slots[slot].who.name_len = TD_ZONE_NAME + 1;
    tap_ok(count(&b, ROOM) == 0, "nor one of a name");
    a.slots[slot].who.name_len = 3;
    a.slots[slot].who.user_len = 5;
    tap_ok(count(&b, ROOM) == 0, "nor half a user");
    a.slots[slot].who.user_len = 0;
    a.slots[slot].who.node = 2;
    tap_ok(count(&b, ROOM) == 0, "nor another owner");
    a.slots[slot].who.node = 1;
    a.index[slot] = a.index[slot] >> 32 << 32 | 0xffff;
    tap_ok(count(&b, ROOM) == 0, "nor one that cannot be");

    srand(1);
    bad = 0;
    long_ones = 0;

    for (rounds = 0; rounds < 2000; rounds++) {
        fresh(&a, mem);
        td_zone_join(&a, 100, 1, 7, 1000, 5);
        td_zone_join(&b, 200, 2, 7, 1001, 5);

        for (i = 0; i < 8; i++) {
            person(ROOM, i);
            td_zone_record(&a, td_zone_put(&a, -1, &who), "{\"a\":1}", 7);
        }

        /* the head is written once, before anybody else sees it */

        p = (unsigned char *) a.workers;

        for (i = 0; i < 40; i++) {
            k = rand() % 2 ? (size_t) rand() % (8 * sizeof(td_zone_slot_t))
                             + ((unsigned char *) a.slots - p)
                           : (size_t) rand() % ((unsigned char *) a.slots - p);
            p[k] = (unsigned char) rand();
        }

        i = count(&b, NULL);
        bad += i > (int) b.nslots;
        long_ones += len > TD_ZONE_RECORD;

        (void) td_zone_reap(&b, 6);
        (void) td_zone_beat(&b, 6);
        slot = td_zone_put(&b, slot, &who);
        td_zone_record(&b, slot, "x", 1);
        td_zone_take(&b, secret, 5, 60, 1000);
        td_zone_leave(&b, 0, 0);
    }

    tap_ok(!bad && !long_ones, "2000 zones with 40 damaged bytes: no harm");
}


static void
throttles(void *mem)
{
    int            i, n;
    uint32_t       w;
    td_zone_t      a, b;
    unsigned char  key[TD_ZONE_KEY], one[TD_ZONE_KEY];

    fresh(&a, mem);
    td_zone_map(&b, mem, SIZE, 0, NULL, alive);

    memset(one, 1, sizeof(one));

    for (n = 0; td_zone_take(n % 2 ? &a : &b, one, 5, 60, 1000) == 0; n++) {
        /* void */
    }

    tap_ok(n == 5, "two workers count together");
    tap_ok(td_zone_take(&a, one, 5, 60, 1500) == 1
           && td_zone_take(&a, one, 5, 60, 2000) == 0
           && td_zone_take(&b, one, 5, 60, 2000) == 2, "waits double");

    for (i = 0, w = 0; i < 40; i++) {
        n = td_zone_take(&a, one, 5, 60, 10000000 + i * 60000);
        w = td_zone_take(&a, one, 5, 60, 10000000 + i * 60000);
    }

    tap_ok(n == 0 && w == 60, "up to a limit");
    tap_ok(td_zone_take(&a, one, 5, 60, 10000000 + 40 * 60000 + 3700000) == 0
           && td_zone_take(&a, one, 5, 60, 10000000 + 40 * 60000 + 3700000)
              == 0, "what is old is forgotten");

    td_zone_good(&b, one, 1);

    for (n = 0; td_zone_take(&a, one, 5, 60, 20000000) == 0; n++) { }
    tap_ok(n == 5, "a right password starts anew");

    a.throttles[0].until = 0;

    for (i = 0; i < (int) (a.nsets * 8); i++) {
        if (memcmp(a.throttles[i].key, one, sizeof(one)) == 0) {
            a.throttles[i].until = UINT64_MAX;
        }
    }

    tap_ok(td_zone_take(&a, one, 5, 60, 20000000) == 0,
           "a wait that nobody set is not believed");

    /* full: others give way before the one that was used last */

    for (i = 0; i < 100000; i++) {
        memset(key, 0, sizeof(key));
        memcpy(key, &i, sizeof(i));
        key[8] = 1;
        (void) td_zone_take(&a, key, 5, 60, 30000000 + i);

        if (i % 100 == 0) {
            (void) td_zone_take(&a, one, 5, 60, 30000000 + i);
        }
    }

    for (n = 0; td_zone_take(&a, one, 5, 60, 30100000) == 0; n++) { }
    tap_ok(n < 5, "a flood of others does not make one forgotten");
}


/* Processes that are killed while they write, for real. */

static void
killed(void *mem)
{
    int        i, n, status, seen, wrong;
    pid_t      pid;
    td_zone_t  a, b;

    fresh(&a, mem);
    td_zone_join(&a, getpid(), 1, 7, 1000, 5);

    seen = 0;
    wrong = 0;

    alarm(60);

    for (i = 0; i < 60; i++) {

        pid = fork();

        if (pid == 0) {
            td_zone_map(&b, mem, SIZE, 0, NULL, alive);
            td_zone_join(&b, getpid(), 100 + i, 7, 1001 + i, 5);
            n = -1;
            person(ROOM, i);

            for ( ;; ) {
                memset(who.name, 'a' + rand() % 26, TD_ZONE_NAME);
                who.name_len = TD_ZONE_NAME;
                n = td_zone_put(&b, n, &who);

                if (rand() % 16 == 0) {
                    td_zone_drop(&b, n);
                }
            }
        }

        /* it may take its time to begin; what never begins is seen by alarm */

        for (n = 0; n < 100; /* void */) {
            uint32_t  pos = 0;
            int       slot;

            while ((slot = td_zone_next(&a, ROOM, &pos)) != -1) {
                if (td_zone_read(&a, slot, &got, record, &len, &version)
                    != TD_OK)
                {
                    continue;
                }

                n++;
                wrong += memcmp(got.name, got.name + 1, TD_ZONE_NAME - 1) != 0;
            }
        }

        seen += n;
        usleep(rand() % 2000);
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);

        dead[i % 16] = pid;
        (void) td_zone_reap(&a, 6);
        wrong += count(&a, NULL) != 0;
    }

    alarm(0);
    memset(dead, 0, sizeof(dead));

    tap_ok(wrong == 0, "60 writers killed while they wrote: "
           "nothing torn is seen, nothing stays (%d reads)", seen);
}


int
main(void)
{
    void  *mem;

    mem = mmap(NULL, SIZE, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1,
               0);

    layout(mem);
    workers(mem);
    sessions(mem);
    damage(mem);
    throttles(mem);
    killed(mem);

    return tap_done();
}
