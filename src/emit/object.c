#include "emit/object.h"

#include <cuirax/error.h>
#include <elf.h>
#include <string.h>

enum { SECTION_TEXT = 1, SECTION_RELA, SECTION_SYMBOLS, SECTION_STRINGS, SECTION_NAMES, SECTION_STACK, SECTIONS };

typedef struct Object {
  CxText text, strings;
  VEC(Elf64_Sym) symbol;
  VEC(Elf64_Rela) rela;
  VEC(const char *) external; /* names of undefined symbols; their symbols follow the functions' */
} Object;

static const char section_names[] = "\0.text\0.rela.text\0.symtab\0.strtab\0.shstrtab\0.note.GNU-stack";

static void pad(CxText *t, size_t to) {
  static const char zeros[64] = {0};
  while (t->n % to) {
    size_t n = to - t->n % to;
    size_t before = t->n;
    text_add_n(t, zeros, n < sizeof zeros ? n : sizeof zeros);
    if (t->n == before) return; /* memory is out: an error is pending */
  }
}

static uint32_t string(Object *o, const char *s) {
  uint32_t at = (uint32_t)o->strings.n;
  text_add_n(&o->strings, s, strlen(s) + 1);
  return at;
}

static bool symbol_ok(const char *s) {
  if (!s || !*s || (*s >= '0' && *s <= '9')) return false;
  return s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.$")] == 0;
}

static bool external(Object *o, const char *name, uint32_t *which) {
  for (*which = 0; *which < o->external.n; ++*which)
    if (!strcmp(o->external.v[*which], name)) return true;
  return vec_push(&o->external, name);
}

static bool add_part(Object *o, const EmitPart *p, uint32_t functions) {
  const EmitCode *code = p->code;
  pad(&o->text, 64);
  size_t base = o->text.n;
  text_add_n(&o->text, (const char *)code->bytes, code->size);
  Elf64_Sym s = {.st_name = string(o, p->symbol), .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), .st_shndx = SECTION_TEXT,
                 .st_value = base + code->entry, .st_size = code->code_end - code->entry};
  if (!vec_push(&o->symbol, s)) return false;
  for (uint32_t k = 0; k < code->sites; k++) {
    const char *name = code->callee[code->site[k].callee].name;
    uint32_t which;
    if (!symbol_ok(name)) return cx_fail(CX_ERR_VALUE, "a called function has no name that an object file could refer to");
    if (!external(o, name, &which)) return false;
    Elf64_Rela r = {.r_offset = base + code->site[k].at, .r_info = ELF64_R_INFO((Elf64_Xword)(1 + functions + which), R_X86_64_GOTPCRELX),
                    .r_addend = -4};
    if (!vec_push(&o->rela, r)) return false;
  }
  return !cx_failed();
}

static void section(CxText *to, Elf64_Shdr *table, unsigned which, const char *name, const void *data, size_t size, size_t align) {
  pad(to, align);
  const char *at = section_names;
  while (strcmp(at, name)) at += strlen(at) + 1;
  table[which].sh_name = (Elf64_Word)(at - section_names);
  table[which].sh_offset = to->n;
  table[which].sh_size = size;
  table[which].sh_addralign = align;
  if (size) text_add_n(to, data, size);
}

static bool write_file(Object *o, CxText *to) {
  Elf64_Ehdr head = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT, ELFOSABI_SYSV}, .e_type = ET_REL,
                     .e_machine = EM_X86_64, .e_version = EV_CURRENT, .e_ehsize = sizeof head, .e_shentsize = sizeof(Elf64_Shdr),
                     .e_shnum = SECTIONS, .e_shstrndx = SECTION_NAMES};
  Elf64_Shdr table[SECTIONS] = {{0}};
  CxText file = {0};
  text_add_n(&file, (const char *)&head, sizeof head);
  table[SECTION_TEXT].sh_type = SHT_PROGBITS;
  table[SECTION_TEXT].sh_flags = SHF_ALLOC | SHF_EXECINSTR;
  section(&file, table, SECTION_TEXT, ".text", o->text.s, o->text.n, 64);
  table[SECTION_RELA] = (Elf64_Shdr){.sh_type = SHT_RELA, .sh_flags = SHF_INFO_LINK, .sh_link = SECTION_SYMBOLS, .sh_info = SECTION_TEXT,
                                     .sh_entsize = sizeof(Elf64_Rela)};
  section(&file, table, SECTION_RELA, ".rela.text", o->rela.v, o->rela.n * sizeof(Elf64_Rela), 8);
  table[SECTION_SYMBOLS] = (Elf64_Shdr){.sh_type = SHT_SYMTAB, .sh_link = SECTION_STRINGS, .sh_info = 1, .sh_entsize = sizeof(Elf64_Sym)};
  section(&file, table, SECTION_SYMBOLS, ".symtab", o->symbol.v, o->symbol.n * sizeof(Elf64_Sym), 8);
  table[SECTION_STRINGS].sh_type = table[SECTION_NAMES].sh_type = SHT_STRTAB;
  section(&file, table, SECTION_STRINGS, ".strtab", o->strings.s, o->strings.n, 1);
  section(&file, table, SECTION_NAMES, ".shstrtab", section_names, sizeof section_names, 1);
  table[SECTION_STACK].sh_type = SHT_PROGBITS; /* the stack need not be executable */
  section(&file, table, SECTION_STACK, ".note.GNU-stack", NULL, 0, 1);
  pad(&file, 8);
  head.e_shoff = file.n;
  text_add_n(&file, (const char *)table, sizeof table);
  bool ok = !cx_failed();
  if (ok) {
    memcpy(file.s, &head, sizeof head);
    text_add_n(to, file.s, file.n);
    ok = !cx_failed();
  }
  text_free(&file);
  return ok;
}

bool emit_object(const EmitPart *parts, uint32_t n, CxText *to) {
  Object o = {0};
  text_add_n(&o.strings, "", 1);
  bool ok = vec_push(&o.symbol, (Elf64_Sym){0});
  for (uint32_t k = 0; ok && k < n; k++) {
    if (!symbol_ok(parts[k].symbol)) ok = cx_fail(CX_ERR_VALUE, "an object file's symbol is a C identifier");
    else ok = add_part(&o, &parts[k], n);
  }
  for (uint32_t k = 0; ok && k < o.external.n; k++)
    ok = vec_push(&o.symbol, ((Elf64_Sym){.st_name = string(&o, o.external.v[k]), .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE)}));
  ok = ok && write_file(&o, to);
  text_free(&o.text);
  text_free(&o.strings);
  vec_free(&o.symbol);
  vec_free(&o.rela);
  vec_free(&o.external);
  return ok;
}
