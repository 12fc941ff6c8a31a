// The designs, by the names under which they are measured.
import type { Design, Room } from './design.js';
import { engine } from './engine.js';
import { mapBlocks } from './map-blocks.js';
import { pairBlocks } from './pair-blocks.js';

/** What Heddle does where all maps run in one process; open blocks are what it does elsewhere. */
export const MERGED = 'merged while maps run (Heddle)';

export const DESIGNS = {
  [MERGED]: engine,
  'open blocks of threads': engine,
  'a block a map': mapBlocks,
  'a block a pair': pairBlocks,
} satisfies Record<string, (room: Room) => Design>;

export type DesignName = keyof typeof DESIGNS;
