/*
 * The jobs as hand-written C: what the machine can do when nothing stands between the program and the work.
 * usage: native JOB THREADS SIZE [TEXT]    JOB: wordcount (TEXT), pi (SIZE trials), reduceByKey (SIZE records)
 * Each line on standard input asks for one run; each run prints one line of JSON.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int threads;
static int64_t size;
static const char *text_path;

typedef void (*part_body)(int part);
typedef struct {
  part_body body;
  int part;
} part_start;

static void *start_part(void *argument) {
  part_start *start = argument;
  start->body(start->part);
  return NULL;
}

/* Runs body(0) ... body(threads - 1), each in its own thread. */
static void in_parallel(part_body body) {
  pthread_t ids[threads];
  part_start starts[threads];
  for (int i = 0; i < threads; i++) {
    starts[i] = (part_start){body, i};
    if (pthread_create(&ids[i], NULL, start_part, &starts[i]) != 0) abort();
  }
  for (int i = 0; i < threads; i++) pthread_join(ids[i], NULL);
}

static void *zeroed(size_t count, size_t bytes) {
  void *memory = calloc(count, bytes);
  if (memory == NULL) abort();
  return memory;
}

/* ------------------------------------------------------------------------------------------------ wordcount
 * The file is mapped, cut at line ends, and counted in one open-addressing table a thread; words stay in the
 * mapping. The tables are merged into the first. */

typedef struct {
  const char *word;
  uint64_t hash;
  uint32_t length, count;
} word_slot;

typedef struct {
  word_slot *slots;
  size_t mask, used;
} word_table;

typedef struct {
  const char *from, *to;
  word_table table;
} text_part;

static text_part *text_parts;

static void word_add(word_table *table, const char *word, uint32_t length, uint64_t hash, uint32_t count);

static void word_table_grow(word_table *table) {
  word_table bigger = {zeroed((table->mask + 1) * 2, sizeof(word_slot)), table->mask * 2 + 1, 0};
  for (size_t i = 0; i <= table->mask; i++) {
    word_slot *slot = &table->slots[i];
    if (slot->word != NULL) word_add(&bigger, slot->word, slot->length, slot->hash, slot->count);
  }
  free(table->slots);
  *table = bigger;
}

static void word_add(word_table *table, const char *word, uint32_t length, uint64_t hash, uint32_t count) {
  size_t at = hash & table->mask;
  for (;; at = (at + 1) & table->mask) {
    word_slot *slot = &table->slots[at];
    if (slot->word == NULL) break;
    if (slot->hash == hash && slot->length == length && memcmp(slot->word, word, length) == 0) {
      slot->count += count;
      return;
    }
  }
  table->slots[at] = (word_slot){word, hash, length, count};
  if (++table->used * 2 > table->mask) word_table_grow(table);
}

static void count_part(int part) {
  text_part *mine = &text_parts[part];
  mine->table = (word_table){zeroed(1 << 17, sizeof(word_slot)), (1 << 17) - 1, 0};
  const char *at = mine->from, *to = mine->to;
  while (at < to) {
    const char *word = at;
    uint64_t hash = 0x243F6A8885A308D3u;
    for (; at < to && *at != ' ' && *at != '\n'; at++) hash = (hash ^ (uint8_t)*at) * 0x9FB21C651E98DF25u;
    if (at > word) word_add(&mine->table, word, at - word, hash ^ hash >> 35, 1);
    at++;
  }
}

static int64_t count_words(void) {
  int file = open(text_path, O_RDONLY);
  struct stat status;
  if (file < 0 || fstat(file, &status) != 0) {
    perror(text_path);
    exit(1);
  }
  size_t bytes = status.st_size;
  const char *text = bytes == 0 ? "" : mmap(NULL, bytes, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
  close(file);
  if (text == MAP_FAILED) abort();

  text_part parts[threads];
  text_parts = parts;
  const char *from = text, *end = text + bytes;
  for (int i = 0; i < threads; i++) {
    const char *to = text + bytes / threads * (i + 1);
    if (i == threads - 1) to = end;
    if (to < from) to = from;
    const char *newline = to < end ? memchr(to, '\n', end - to) : NULL;
    to = newline == NULL ? end : newline + 1;
    parts[i].from = from;
    parts[i].to = from = to;
  }
  in_parallel(count_part);
  word_table *all = &parts[0].table;
  for (int i = 1; i < threads; i++) {
    word_table *other = &parts[i].table;
    for (size_t j = 0; j <= other->mask; j++) {
      word_slot *slot = &other->slots[j];
      if (slot->word != NULL) word_add(all, slot->word, slot->length, slot->hash, slot->count);
    }
    free(other->slots);
  }
  int64_t distinct = all->used;
  free(all->slots);
  if (bytes > 0) munmap((void *)text, bytes);
  return distinct;
}

/* ------------------------------------------------------------------------------------------------------- pi
 * xoshiro256+ (Blackman and Vigna), its state in registers, seeded through splitmix64. */

static int64_t *inside_of_part;

static uint64_t splitmix64(uint64_t *state) {
  uint64_t z = *state += 0x9E3779B97F4A7C15u;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return z ^ z >> 31;
}

typedef struct {
  uint64_t a, b, c, d;
} xoshiro;

static inline double uniform(xoshiro *s) {
  uint64_t sum = s->a + s->d, shifted = s->b << 17;
  s->c ^= s->a;
  s->d ^= s->b;
  s->b ^= s->c;
  s->a ^= s->d;
  s->c ^= shifted;
  s->d = s->d << 45 | s->d >> 19;
  return (sum >> 11) * 0x1p-53;
}

static void throw_part(int part) {
  uint64_t seed = part + 1;
  xoshiro s = {splitmix64(&seed), splitmix64(&seed), splitmix64(&seed), splitmix64(&seed)};
  int64_t trials = size * (part + 1) / threads - size * part / threads, inside = 0;
  for (int64_t i = 0; i < trials; i++) {
    double x = uniform(&s) * 2 - 1, y = uniform(&s) * 2 - 1;
    inside += x * x + y * y < 1;
  }
  inside_of_part[part] = inside;
}

static int64_t count_inside(void) {
  int64_t inside[threads], sum = 0;
  inside_of_part = inside;
  in_parallel(throw_part);
  for (int i = 0; i < threads; i++) sum += inside[i];
  return sum;
}

/* ---------------------------------------------------------------------------------------------- reduceByKey
 * Each thread scatters its records to the reducers, with no combining before; then each thread sums the
 * reducers that are its own. A full shuffle, as the engines do it. */

enum { KEYS = 1000000, REDUCERS = 4, SUM_SLOTS = 1 << 19 };

typedef struct {
  int32_t key, value;
} record;

typedef struct {
  record *records;
  size_t count;
} scattered;

static scattered (*scatter_of_part)[REDUCERS];
static int64_t groups_of_reducer[REDUCERS];

static inline uint32_t hash_key(uint32_t key) {
  key = (key ^ key >> 16) * 0x7FEB352Du;
  return key ^ key >> 15;
}

static void scatter_part(int part) {
  scattered *out = scatter_of_part[part];
  int64_t from = size * part / threads, to = size * (part + 1) / threads;
  for (int r = 0; r < REDUCERS; r++) { /* room for all of them: pages that are never written cost nothing */
    out[r] = (scattered){malloc(sizeof(record) * (to - from + 1)), 0};
    if (out[r].records == NULL) abort();
  }
  for (int64_t i = from; i < to; i++) {
    int32_t key = i % KEYS;
    scattered *chosen = &out[hash_key(key) % REDUCERS];
    chosen->records[chosen->count++] = (record){key, 1};
  }
}

static void sum_part(int part) {
  for (int r = part; r < REDUCERS; r += threads) {
    record *sums = zeroed(SUM_SLOTS, sizeof(record)); /* about a quarter of the keys: half full at most */
    int64_t groups = 0;
    for (int p = 0; p < threads; p++) {
      scattered in = scatter_of_part[p][r];
      for (size_t i = 0; i < in.count; i++) {
        record one = in.records[i];
        uint32_t at = hash_key(one.key) / REDUCERS & (SUM_SLOTS - 1);
        while (sums[at].value != 0 && sums[at].key != one.key) at = (at + 1) & (SUM_SLOTS - 1);
        groups += sums[at].value == 0;
        sums[at].key = one.key;
        sums[at].value += one.value;
      }
    }
    free(sums);
    groups_of_reducer[r] = groups;
  }
}

static int64_t reduce_by_key(void) {
  scattered scatter[threads][REDUCERS];
  scatter_of_part = scatter;
  in_parallel(scatter_part);
  in_parallel(sum_part);
  int64_t groups = 0;
  for (int r = 0; r < REDUCERS; r++) groups += groups_of_reducer[r];
  for (int p = 0; p < threads; p++)
    for (int r = 0; r < REDUCERS; r++) free(scatter[p][r].records);
  return groups;
}

/* ------------------------------------------------------------------------------------------------------ main */

static double seconds_now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec * 1e-9;
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    int64_t (*run)(void);
    bool needs_text;
  } jobs[] = {{"wordcount", count_words, true}, {"pi", count_inside, false}, {"reduceByKey", reduce_by_key, false}};
  const int known = sizeof jobs / sizeof *jobs;
  int job = 0;
  while (argc > 3 && job < known && strcmp(jobs[job].name, argv[1]) != 0) job++;
  if (argc <= 3 || job == known || (jobs[job].needs_text && argc < 5) || (threads = atoi(argv[2])) < 1) {
    fprintf(stderr, "usage: native wordcount|pi|reduceByKey THREADS SIZE [TEXT]\n");
    return 2;
  }
  size = atoll(argv[3]);
  text_path = argc > 4 ? argv[4] : NULL;
  char request[64];
  for (int run = 1; fgets(request, sizeof request, stdin) != NULL; run++) {
    double start = seconds_now();
    int64_t answer = jobs[job].run();
    double seconds = seconds_now() - start;
    printf("{\"peer\":\"c\",\"job\":\"%s\",\"what\":\"run %d\",\"seconds\":%.6f,\"answer\":%lld}\n", jobs[job].name, run, seconds,
           (long long)answer);
    fflush(stdout);
  }
  return 0;
}
