/* Tree definitions built from C: interning, parts, prefixes, text, failed allocations, several threads. */
#include <cuirax/error.h>
#include <cuirax/tree.h>
#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "base/tree.h"
#include "check.h"

static bool prints(const CxTree *t, const char *want) {
  char text[256];
  size_t n = cx_tree_print(t, text, sizeof text);
  if (strcmp(text, want)) fprintf(stderr, "printed %s, wanted %s\n", text, want);
  return n == strlen(want) && !strcmp(text, want);
}

/* {'a': *, 'b': (*, [*], None)} */
static CxTree *sample(void) {
  CxTree *leaf = cx_tree_leaf(), *none = cx_tree_none();
  CxTree *list = cx_tree_list(&leaf, 1);
  CxTree *tuple = cx_tree_tuple((CxTree *[]){leaf, list, none}, 3);
  CxTree *dict = cx_tree_dict((const char *[]){"b", "a"}, (CxTree *[]){tuple, leaf}, 2);
  cx_tree_release(leaf), cx_tree_release(none), cx_tree_release(list), cx_tree_release(tuple);
  return dict;
}

static void test_interning(void) {
  size_t before = tree_interned();
  CxTree *a = sample(), *b = sample();
  CHECK(a && a == b);
  CHECK(cx_tree_equal(a, b) == 1);
  CHECK(prints(a, "{'a': *, 'b': (*, [*], None)}"));
  CHECK(cx_tree_leaves(a) == 3 && cx_tree_nodes(a) == 7 && cx_tree_arity(a) == 2);
  CHECK(cx_tree_kind(a) == CX_TREE_DICT);
  CHECK(!strcmp(cx_tree_key(a, 0), "a") && !strcmp(cx_tree_key(a, 1), "b") && !cx_tree_key(a, 2));
  CHECK(!cx_tree_type(a) && !cx_tree_aux(a));
  cx_tree_release(b);
  CHECK(tree_interned() == before + 1);
  cx_tree_release(a);
  CHECK(tree_interned() == before);
}

static void test_children(void) {
  CxTree *t = sample(), *b = cx_tree_child(t, 1), *list = cx_tree_child(b, 1), *leaf = cx_tree_child(list, 0);
  CHECK(prints(b, "(*, [*], None)"));
  CHECK(prints(list, "[*]") && prints(leaf, "*"));
  CxTree *same = cx_tree_leaf();
  CHECK(same == leaf);
  CHECK(!cx_tree_child(list, 1) && cx_error_take(NULL) == CX_ERR_INDEX);
  CxTree *nested = cx_tree_list((CxTree *[]){t, t, leaf}, 3), *first = cx_tree_child(nested, 0);
  CxTree *second = cx_tree_child(nested, 1);
  CHECK(first == t && second == t);
  CxTree *all[] = {t, b, list, leaf, same, nested, first, second};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) cx_tree_release(all[i]);
}

static void test_compose(void) {
  CxTree *leaf = cx_tree_leaf(), *pair = cx_tree_tuple((CxTree *[]){leaf, leaf}, 2), *outer = sample();
  CxTree *both = cx_tree_compose(outer, pair);
  CHECK(prints(both, "{'a': (*, *), 'b': ((*, *), [(*, *)], None)}"));
  CHECK(cx_tree_leaves(both) == 6);
  CxTree *same = cx_tree_compose(outer, leaf);
  CHECK(same == outer);
  cx_tree_release(leaf), cx_tree_release(pair), cx_tree_release(outer), cx_tree_release(both), cx_tree_release(same);
}

static void test_deep(void) {
  CxTree *leaf = cx_tree_leaf(), *t = cx_tree_list(&leaf, 1);
  for (int i = 0; i < 17; i++) {
    CxTree *twice = cx_tree_compose(t, t);
    cx_tree_release(t);
    t = twice;
  }
  CHECK(cx_tree_nodes(t) == (1u << 17) + 1 && cx_tree_leaves(t) == 1);
  CHECK(cx_tree_print(t, NULL, 0) == (2u << 17) + 1);
  CxTree *child = cx_tree_child(t, 0), *children[1];
  CHECK(cx_tree_nodes(child) == 1u << 17);
  CHECK(tree_children(t, children) && children[0] == child);
  cx_tree_release(leaf), cx_tree_release(t), cx_tree_release(child), cx_tree_release(children[0]);
}

static void test_broadcast(void) {
  CxTree *leaf = cx_tree_leaf(), *full = sample();
  CxTree *prefix = cx_tree_dict((const char *[]){"a", "b"}, (CxTree *[]){leaf, leaf}, 2);
  CxTree *other = cx_tree_dict((const char *[]){"a", "c"}, (CxTree *[]){leaf, leaf}, 2);
  uint32_t to[3] = {9, 9, 9};
  CHECK(cx_tree_broadcast(prefix, full, to) == 1 && to[0] == 0 && to[1] == 1 && to[2] == 1);
  CHECK(cx_tree_broadcast(leaf, full, to) == 1 && to[0] == 0 && to[2] == 0);
  CHECK(cx_tree_broadcast(full, full, to) == 1 && to[0] == 0 && to[1] == 1 && to[2] == 2);
  CHECK(cx_tree_broadcast(other, full, to) == 0);
  CHECK(cx_tree_broadcast(full, leaf, to) == 0);
  CHECK(cx_tree_broadcast(full, prefix, to) == 0);
  cx_tree_release(leaf), cx_tree_release(full), cx_tree_release(prefix), cx_tree_release(other);
}

static void test_nodes_with_objects(void) {
  CxTree *leaf = cx_tree_leaf();
  char type[] = "Point", aux[] = "meta", x[] = "x";
  CxTree *custom = cx_tree_node(&cx_tree_strings, CX_TREE_CUSTOM, (void *[]){type, aux}, &leaf, 1);
  CxTree *data = cx_tree_node(&cx_tree_strings, CX_TREE_DEFAULTDICT, (void *[]){aux, x}, &leaf, 1);
  CxTree *order = cx_tree_node(&cx_tree_strings, CX_TREE_ORDEREDDICT, (void *[]){x}, &custom, 1);
  CxTree *named = cx_tree_node(&cx_tree_strings, CX_TREE_NAMEDTUPLE, (void *[]){type}, &leaf, 1);
  CHECK(prints(custom, "CustomNode(Point[meta], [*])"));
  CHECK(prints(order, "CustomNode(OrderedDict[('x',)], [CustomNode(Point[meta], [*])])"));
  CHECK(prints(named, "CustomNode(namedtuple[Point], [*])"));
  CHECK(!strcmp(cx_tree_type(custom), "Point") && !strcmp(cx_tree_aux(custom), "meta"));
  CHECK(!strcmp(cx_tree_aux(data), "meta") && !strcmp(cx_tree_key(data, 0), "x") && !cx_tree_type(data));
  type[0] = 'J'; /* the definition keeps copies */
  CHECK(!strcmp(cx_tree_type(custom), "Point"));
  CHECK(cx_tree_equal(custom, named) == 0 && cx_tree_equal(custom, custom) == 1);
  CxTree *inner = cx_tree_child(order, 0);
  CHECK(inner == custom);
  cx_tree_release(leaf), cx_tree_release(custom), cx_tree_release(data), cx_tree_release(order);
  cx_tree_release(named), cx_tree_release(inner);
}

static void test_errors(void) {
  CxTree *leaf = cx_tree_leaf();
  CHECK(!cx_tree_dict((const char *[]){"a", "a"}, (CxTree *[]){leaf, leaf}, 2));
  CHECK(cx_error_take(NULL) == CX_ERR_VALUE);
  CHECK(!cx_tree_node(NULL, CX_TREE_NONE, NULL, &leaf, 1) && cx_error_take(NULL) == CX_ERR_VALUE);
  CHECK(!cx_tree_node(NULL, CX_TREE_KINDS, NULL, NULL, 0) && cx_error_take(NULL) == CX_ERR_VALUE);
  CxTreeNode two_roots[] = {{CX_TREE_LEAF, 0}, {CX_TREE_LEAF, 0}}, childless[] = {{CX_TREE_TUPLE, 3}};
  CHECK(!tree_intern(&(CxTreeShape){NULL, two_roots, NULL, 2, 0}) && cx_error_take(NULL) == CX_ERR_VALUE);
  CHECK(!tree_intern(&(CxTreeShape){NULL, childless, NULL, 1, 0}) && cx_error_take(NULL) == CX_ERR_VALUE);
  CHECK(!tree_intern(&(CxTreeShape){NULL, childless, NULL, 0, 0}) && cx_error_take(NULL) == CX_ERR_VALUE);
  char small[4];
  CxTree *t = sample();
  CHECK(cx_tree_print(t, small, sizeof small) == strlen("{'a': *, 'b': (*, [*], None)}") && !strcmp(small, "{'a"));
  CHECK(cx_tree_print(t, NULL, 0) > 0);
  cx_tree_release(t), cx_tree_release(leaf);
}

static void test_out_of_memory(void) {
  size_t before = tree_interned();
  int done = 0;
  for (long k = 1; k < 200 && !done; k++) {
    cx_alloc_fail_after(k, true);
    CxTree *leaf = cx_tree_leaf(), *pair = leaf ? cx_tree_tuple((CxTree *[]){leaf, leaf}, 2) : NULL;
    CxTree *dict = pair ? cx_tree_dict((const char *[]){"k", "j"}, (CxTree *[]){pair, leaf}, 2) : NULL;
    cx_alloc_fail_after(0, false);
    done = dict != NULL;
    if (!done) CHECK(cx_error_take(NULL) == CX_ERR_MEMORY);
    cx_tree_release(dict), cx_tree_release(pair), cx_tree_release(leaf);
  }
  CHECK(done);
  CHECK(tree_interned() == before);
}

static void test_many(void) {
  size_t before = tree_interned();
  enum { COUNT = 2000 };
  static CxTree *kept[COUNT];
  char key[16];
  CxTree *leaf = cx_tree_leaf();
  for (int i = 0; i < COUNT; i++) {
    snprintf(key, sizeof key, "key%d", i);
    kept[i] = cx_tree_dict((const char *[]){key}, &leaf, 1);
  }
  CHECK(tree_interned() == before + COUNT + 1);
  for (int i = 0; i < COUNT; i++) cx_tree_release(kept[i]);
  cx_tree_release(leaf);
  CHECK(tree_interned() == before);
}

static void *churn(void *arg) {
  for (int i = 0; i < 3000; i++) {
    CxTree *a = sample(), *b = sample();
    if (a != b) *(int *)arg = 1;
    cx_tree_release(a), cx_tree_release(b);
  }
  return NULL;
}

static void test_threads(void) {
  size_t before = tree_interned();
  pthread_t threads[4];
  int wrong[4] = {0};
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, churn, &wrong[i]);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  CHECK(!wrong[0] && !wrong[1] && !wrong[2] && !wrong[3]);
  CHECK(tree_interned() == before);
}

int main(void) {
  test_interning();
  test_children();
  test_compose();
  test_deep();
  test_broadcast();
  test_nodes_with_objects();
  test_errors();
  test_out_of_memory();
  test_many();
  test_threads();
  return check_report();
}
