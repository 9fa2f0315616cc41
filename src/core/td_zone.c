
/*
 * The shared zone: its layout, workers and sessions.  See td_zone.h for what
 * keeps it whole.
 */


#include "td_zone.h"


#define TD_ZONE_MAGIC     0x74647a6f6e653032ULL   /* of this layout */
#define TD_ZONE_TRIES     64                      /* to see a whole slot */
#define TD_ZONE_WAYS      8                       /* entries of a set */
#define TD_ZONE_FORGET    (3600 * (uint64_t) 1000)


static size_t td_zone_align(size_t n);
static uint32_t td_zone_hash(const char *room);
static int td_zone_claim(td_zone_t *z, uint32_t n, uint64_t pid);
static void td_zone_sweep(td_zone_t *z, uint32_t n);
static void td_zone_clean(td_zone_t *z, uint32_t n);
static int td_zone_dead(td_zone_t *z, uint32_t n, uint64_t now);
static int td_zone_here(td_zone_t *z);
static int td_zone_mine(td_zone_t *z, int slot);
static uint32_t td_zone_open(td_zone_slot_t *s);
static void td_zone_shut(td_zone_slot_t *s, uint32_t seq);
static td_zone_throttle_t *td_zone_find(td_zone_t *z,
    const unsigned char *key, uint64_t now, int add);


#define td_zone_get(p)     __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define td_zone_set(p, v)  __atomic_store_n(p, v, __ATOMIC_RELEASE)


static size_t
td_zone_align(size_t n)
{
    return (n + 63) & ~(size_t) 63;
}


int
td_zone_map(td_zone_t *z, void *mem, size_t size, int fresh,
    const unsigned char *secret, int (*alive)(uint64_t pid))
{
    size_t          used;
    unsigned char  *p;

    memset(z, 0, sizeof(td_zone_t));

    z->me = -1;
    z->alive = alive;

    if (size < TD_ZONE_MIN) {
        return TD_TOO_BIG;
    }

    p = mem;

    z->head = mem;
    z->nworkers = size / 65536;
    z->nworkers = z->nworkers < 16 ? 16 : z->nworkers;
    z->nworkers = z->nworkers > 1024 ? 1024 : z->nworkers;
    z->nsets = size / 16 / (TD_ZONE_WAYS * sizeof(td_zone_throttle_t));

    used = td_zone_align(sizeof(td_zone_head_t));

    z->workers = (td_zone_worker_t *) (p + used);
    used += td_zone_align(z->nworkers * sizeof(td_zone_worker_t));

    z->throttles = (td_zone_throttle_t *) (p + used);
    used += td_zone_align(z->nsets * TD_ZONE_WAYS
                          * sizeof(td_zone_throttle_t));

    z->nslots = (size - used - 64) / (sizeof(td_zone_slot_t)
                                      + sizeof(uint64_t));

    z->index = (uint64_t *) (p + used);
    used += td_zone_align(z->nslots * sizeof(uint64_t));

    z->slots = (td_zone_slot_t *) (p + used);

    if (!fresh) {
        return z->head->magic == TD_ZONE_MAGIC && z->head->size == size
               ? TD_OK : TD_BAD;
    }

    memcpy(z->head->secret, secret, sizeof(z->head->secret));
    z->head->size = size;
    z->head->magic = TD_ZONE_MAGIC;

    return TD_OK;
}


/* FNV-1a; never 0. */

static uint32_t
td_zone_hash(const char *room)
{
    int       i;
    uint32_t  h;

    h = 2166136261U;

    for (i = 0; i < TD_ZONE_ROOM; i++) {
        h = (h ^ (unsigned char) room[i]) * 16777619U;
    }

    return h ? h : 1;
}


int
td_zone_join(td_zone_t *z, uint64_t pid, uint64_t node, uint64_t generation,
    uint64_t started, uint64_t now)
{
    uint32_t           i;
    td_zone_worker_t  *w;

    z->pid = pid;
    z->started = started;
    z->me = -1;

    (void) td_zone_reap(z, now);

    for (i = 0; i < z->nworkers; i++) {
        if (td_zone_claim(z, i, 0)) {
            break;
        }
    }

    if (i == z->nworkers) {
        return TD_TOO_BIG;
    }

    /* a predecessor that was killed while it cleaned */

    td_zone_clean(z, i);

    w = &z->workers[i];

    w->generation = generation;
    w->quits = 0;
    td_zone_set(&w->started, started);
    td_zone_set(&w->beat, now);
    td_zone_set(&w->node, node);

    z->me = i;

    return TD_OK;
}


static int
td_zone_claim(td_zone_t *z, uint32_t n, uint64_t pid)
{
    return __atomic_compare_exchange_n(&z->workers[n].pid, &pid, z->pid, 0,
                                       __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}


void
td_zone_leave(td_zone_t *z, int linger, uint64_t now)
{
    td_zone_worker_t  *w;

    if (z->me < 0) {
        return;
    }

    w = &z->workers[z->me];

    if (linger && td_zone_here(z)) {
        td_zone_set(&w->beat, now);
        td_zone_set(&w->quits, 2);

    } else if (td_zone_here(z)) {
        td_zone_clean(z, z->me);
        td_zone_set(&w->pid, 0);
    }

    z->me = -1;
}


/* The place of a worker that ended: whoever calls has claimed it. */

static void
td_zone_clean(td_zone_t *z, uint32_t n)
{
    unsigned           i;
    uint64_t           v;
    td_zone_worker_t  *w;

    w = &z->workers[n];

    td_zone_set(&w->node, 0);
    td_zone_set(&w->quits, 0);
    td_zone_sweep(z, n);

    for (i = 0; i < TD_ZONE_COUNTERS; i++) {
        v = __atomic_exchange_n(&w->counters[i], 0, __ATOMIC_ACQ_REL);

        if (v) {
            (void) __atomic_add_fetch(&z->head->past[i], v, __ATOMIC_RELAXED);
        }
    }
}


static void
td_zone_sweep(td_zone_t *z, uint32_t n)
{
    uint32_t  i;

    for (i = 0; i < z->nslots; i++) {
        if ((uint32_t) td_zone_get(&z->index[i]) == n + 1) {
            td_zone_set(&z->index[i], 0);
        }
    }
}


int
td_zone_beat(td_zone_t *z, uint64_t now)
{
    td_zone_worker_t  *w;

    if (z->me < 0) {
        return TD_BAD;
    }

    w = &z->workers[z->me];

    if (td_zone_get(&w->pid) != z->pid || td_zone_get(&w->node) == 0) {
        z->me = -1;
        return TD_BAD;
    }

    td_zone_set(&w->beat, now);

    return TD_OK;
}


static int
td_zone_dead(td_zone_t *z, uint32_t n, uint64_t now)
{
    uint64_t  pid, beat;

    pid = td_zone_get(&z->workers[n].pid);

    if (pid == 0 || (int) n == z->me) {
        return 0;
    }

    beat = td_zone_get(&z->workers[n].beat);

    if (td_zone_get(&z->workers[n].quits) == 2) {
        return now - beat > TD_ZONE_LINGER;
    }

    if (pid == z->pid) {
        return td_zone_get(&z->workers[n].started) != z->started;
    }

    if (!z->alive(pid)) {
        return 1;
    }

    /* the pid may be another process' by now; times of one that is joining
       are not set yet */

    return td_zone_get(&z->workers[n].node) != 0
           && now > beat && now - beat > TD_ZONE_SILENT;
}


unsigned
td_zone_reap(td_zone_t *z, uint64_t now)
{
    uint32_t  i;
    unsigned  n;
    uint64_t  pid;

    n = 0;

    for (i = 0; i < z->nworkers; i++) {

        pid = td_zone_get(&z->workers[i].pid);

        if (!td_zone_dead(z, i, now)) {
            continue;
        }

        /* one of those who notice it */

        if (pid != z->pid && !td_zone_claim(z, i, pid)) {
            continue;
        }

        td_zone_clean(z, i);
        td_zone_set(&z->workers[i].pid, 0);
        n++;
    }

    return n;
}


int
td_zone_alive(td_zone_t *z, uint32_t n, uint64_t now)
{
    return n < z->nworkers
           && td_zone_get(&z->workers[n].pid) != 0
           && td_zone_get(&z->workers[n].node) != 0
           && !td_zone_dead(z, n, now);
}


/* The place is still ours: who stood still for long was believed dead. */

static int
td_zone_here(td_zone_t *z)
{
    return z->me >= 0 && td_zone_get(&z->workers[z->me].pid) == z->pid;
}


static int
td_zone_mine(td_zone_t *z, int slot)
{
    return td_zone_here(z)
           && slot >= 0
           && (uint32_t) slot < z->nslots
           && (uint32_t) td_zone_get(&z->index[slot])
              == (uint32_t) z->me + 1;
}


int
td_zone_put(td_zone_t *z, int slot, const td_zone_who_t *who)
{
    uint32_t         i, n, seq;
    uint64_t         tag, none;
    td_zone_slot_t  *s;

    if (!td_zone_here(z)) {
        return -1;
    }

    n = 0;
    tag = (uint64_t) td_zone_hash(who->room) << 32 | (uint32_t) (z->me + 1);

    if (!td_zone_mine(z, slot)) {

        for (i = 0; i < z->nslots; i++) {

            n = (z->next + i) % z->nslots;
            none = 0;

            if (td_zone_get(&z->index[n]) == 0
                && __atomic_compare_exchange_n(&z->index[n], &none, tag, 0,
                                               __ATOMIC_ACQ_REL,
                                               __ATOMIC_ACQUIRE))
            {
                break;
            }
        }

        if (i == z->nslots) {
            return -1;
        }

        slot = n;
        z->next = n + 1;

        seq = td_zone_open(&z->slots[slot]);
        z->slots[slot].len = 0;

    } else {
        seq = td_zone_open(&z->slots[slot]);
    }

    s = &z->slots[slot];

    s->who = *who;
    s->who.node = z->workers[z->me].node;
    s->who.generation = z->workers[z->me].generation;

    td_zone_shut(s, seq);

    return slot;
}


void
td_zone_record(td_zone_t *z, int slot, const char *text, size_t len)
{
    uint32_t         seq;
    td_zone_slot_t  *s;

    if (!td_zone_mine(z, slot)) {
        return;
    }

    if (len > TD_ZONE_RECORD) {
        len = 0;
    }

    s = &z->slots[slot];

    seq = td_zone_open(s);

    s->len = len;

    if (len) {
        memcpy(s->record, text, len);
    }

    td_zone_shut(s, seq);
}


/* The last writer may have been killed within: the number is odd then. */

static uint32_t
td_zone_open(td_zone_slot_t *s)
{
    uint32_t  seq;

    seq = (__atomic_load_n(&s->seq, __ATOMIC_RELAXED) + 1) | 1;

    __atomic_store_n(&s->seq, seq, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);

    return seq;
}


static void
td_zone_shut(td_zone_slot_t *s, uint32_t seq)
{
    td_zone_set(&s->seq, seq + 1);
}


void
td_zone_drop(td_zone_t *z, int slot)
{
    if (td_zone_mine(z, slot)) {
        td_zone_set(&z->index[slot], 0);

        /* low ones first: pages that were never used take no memory */

        if ((uint32_t) slot < z->next) {
            z->next = slot;
        }
    }
}


void
td_zone_moved(td_zone_t *z, const char *room, const char *id)
{
    int            slot;
    size_t         len;
    uint32_t       pos;
    uint64_t       tag, version;
    td_zone_who_t  who;

    pos = 0;

    while ((slot = td_zone_next(z, room, &pos)) != -1) {

        tag = td_zone_get(&z->index[slot]);

        if (td_zone_read(z, slot, &who, NULL, &len, &version) != TD_OK
            || (uint32_t) tag == 0
            || (uint32_t) tag > z->nworkers
            || td_zone_get(&z->workers[(uint32_t) tag - 1].quits) != 2
            || memcmp(who.id, id, TD_ZONE_ID) != 0)
        {
            continue;
        }

        (void) __atomic_compare_exchange_n(&z->index[slot], &tag, 0, 0,
                                           __ATOMIC_ACQ_REL,
                                           __ATOMIC_ACQUIRE);
    }
}


int
td_zone_next(td_zone_t *z, const char *room, uint32_t *pos)
{
    uint32_t  hash;
    uint64_t  tag;

    hash = room ? td_zone_hash(room) : 0;

    while (*pos < z->nslots) {

        tag = td_zone_get(&z->index[(*pos)++]);

        if (tag && (hash == 0 || (uint32_t) (tag >> 32) == hash)) {
            return *pos - 1;
        }
    }

    return -1;
}


int
td_zone_read(td_zone_t *z, int slot, td_zone_who_t *who, char *record,
    size_t *len, uint64_t *version)
{
    int              i;
    uint32_t         seq, n, owner;
    uint64_t         tag;
    td_zone_slot_t  *s;

    if (slot < 0 || (uint32_t) slot >= z->nslots) {
        return TD_BAD;
    }

    s = &z->slots[slot];
    tag = td_zone_get(&z->index[slot]);
    owner = (uint32_t) tag;

    if (owner == 0 || owner > z->nworkers) {
        return TD_BAD;
    }

    for (i = 0; i < TD_ZONE_TRIES; i++) {

        seq = td_zone_get(&s->seq);

        if (seq & 1) {
            continue;
        }

        *who = s->who;
        n = s->len;

        if (record && n <= TD_ZONE_RECORD) {
            memcpy(record, s->record, n);
        }

        __atomic_thread_fence(__ATOMIC_ACQUIRE);

        if (__atomic_load_n(&s->seq, __ATOMIC_RELAXED) != seq) {
            continue;
        }

        /* what was read may be of before, or damaged */

        if (td_zone_get(&z->index[slot]) != tag
            || (uint32_t) (tag >> 32) != td_zone_hash(who->room)
            || who->node == 0
            || who->node != td_zone_get(&z->workers[owner - 1].node)
            || n > TD_ZONE_RECORD
            || (who->user_len != 0 && who->user_len != TD_ZONE_USER)
            || who->user_name_len > TD_ZONE_NAME
            || who->user_color_len > TD_ZONE_COLOR
            || who->name_len > TD_ZONE_NAME
            || who->color_len > TD_ZONE_COLOR)
        {
            return TD_BAD;
        }

        *len = n;
        *version = (uint64_t) seq << 32 | (uint32_t) slot;

        return TD_OK;
    }

    return TD_BAD;
}


uint32_t
td_zone_take(td_zone_t *z, const unsigned char *key, uint32_t free,
    uint32_t longest, uint64_t now)
{
    uint64_t             over, wait;
    td_zone_throttle_t  *t;

    t = td_zone_find(z, key, now, 1);

    if (now < t->until) {

        if (t->until - now <= (uint64_t) longest * 1000) {
            return (t->until - now + 999) / 1000;
        }

        /* nobody was told to wait so long */

        t->until = 0;
    }

    if (now < t->last || now - t->last > TD_ZONE_FORGET) {
        t->count = 0;
    }

    t->last = now;
    t->count++;

    if (t->count >= free) {
        over = t->count - free;
        wait = over < 16 ? (uint64_t) 1 << over : longest;
        wait = wait < longest ? wait : longest;

        t->until = now + 1000 * wait;
    }

    return 0;
}


void
td_zone_good(td_zone_t *z, const unsigned char *key, int all)
{
    td_zone_throttle_t  *t;

    t = td_zone_find(z, key, 0, 0);

    if (t == NULL) {
        return;
    }

    t->until = 0;

    if (all) {
        t->count = 0;

    } else if (t->count != 0) {
        t->count--;
    }
}


static td_zone_throttle_t *
td_zone_find(td_zone_t *z, const unsigned char *key, uint64_t now, int add)
{
    uint32_t             i, n;
    td_zone_throttle_t  *set, *t;

    memcpy(&n, key, sizeof(uint32_t));

    set = &z->throttles[n % z->nsets * TD_ZONE_WAYS];
    t = set;

    for (i = 0; i < TD_ZONE_WAYS; i++) {

        if (memcmp(set[i].key, key, TD_ZONE_KEY) == 0) {

            if (add) {
                set[i].used = now;
            }

            return &set[i];
        }

        if (set[i].used < t->used) {
            t = &set[i];
        }
    }

    if (!add) {
        return NULL;
    }

    /* its key comes last: half an entry is nobody's */

    memset(t, 0, sizeof(td_zone_throttle_t));
    __atomic_thread_fence(__ATOMIC_RELEASE);

    t->used = now;
    __atomic_thread_fence(__ATOMIC_RELEASE);

    memcpy(t->key, key, TD_ZONE_KEY);

    return t;
}


uint64_t
td_zone_sum(td_zone_t *z, unsigned counter, int past)
{
    uint32_t  i;
    uint64_t  sum;

    if (counter >= TD_ZONE_COUNTERS) {
        return 0;
    }

    sum = past ? td_zone_get(&z->head->past[counter]) : 0;

    for (i = 0; i < z->nworkers; i++) {
        if (td_zone_get(&z->workers[i].pid)) {
            sum += td_zone_get(&z->workers[i].counters[counter]);
        }
    }

    return sum;
}
