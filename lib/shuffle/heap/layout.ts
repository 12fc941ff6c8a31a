// Where things are in the shared heap. All addresses are bytes from the start of the memory, unsigned 32-bit.
//
//   0        64 KiB  static data of the compiled kernels: the heap never writes here, so address 0 can mean "none"
//   64 KiB   64 KiB  header: words below, then the table of named regions, then room for small words
//   128 KiB          page map: one word for each 4 KiB page of the greatest size the memory may grow to
//            ...     free bitmaps (free-bitmap.ts)
//   FIRST_PAGE ...   blocks
//
// A map of the greatest size costs address space only: pages nobody wrote are not resident.

export const PAGE_SHIFT = 12;
export const PAGE_BYTES = 1 << PAGE_SHIFT;
/** What memory grows by. */
export const WASM_PAGE_BYTES = 65536;
/** 4 GiB in pages of 4 KiB: what an unsigned 32-bit address reaches. */
export const MOST_PAGES = 1 << 20;
/** The order of the largest block a bitmap can hold. */
export const TOP_ORDER = 20;
/** Threads are recorded in ten bits. */
export const MOST_THREADS = 1024;

export const HEADER_ADDRESS = 65536;
export const HEADER_BYTES = 65536;
export const MAP_ADDRESS = HEADER_ADDRESS + HEADER_BYTES;

export const MAGIC_VALUE = 0x68646c31; // "hdl1"

// Words of the header, as indices into an Int32Array that starts at HEADER_ADDRESS.
export const MAGIC = 0;
/** The greatest size the memory may grow to, in 4 KiB pages; written when the memory is reserved. */
export const MAX_PAGES = 1;
/** The end of the pages that hold blocks; rises when the memory grows. */
export const PAGES = 2;
export const FIRST_PAGE = 3;
export const THREADS = 4;
export const USED_PAGES = 5;
export const BLOCKS = 6;
/** Bit k: there is a free block of 2^k pages. */
export const ORDERS = 7;
/** The byte offset, in the header, of the next small words. */
export const WORDS_END = 8;
export const REGIONS = 9;
/** Alone on its cache line. */
export const LOCK = 32;

// A named region: 48 bytes of name, its address, its bytes.
export const REGION_TABLE = 256;
export const REGION_BYTES = 64;
export const REGION_NAME_BYTES = 48;
export const MOST_REGIONS = 60;
/** Small words start here and end with the header. */
export const WORDS_START = REGION_TABLE + MOST_REGIONS * REGION_BYTES;
