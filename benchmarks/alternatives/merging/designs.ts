// The designs, by the names under which they are measured.
import type { Design, Room } from './design.js';
import { mapBlocks } from './map-blocks.js';
import { openBlocks } from './open-blocks.js';
import { pairBlocks } from './pair-blocks.js';

export const DESIGNS = {
  Heddle: openBlocks,
  'open blocks': openBlocks,
  'pushed, 64 maps': mapBlocks(64),
  'a block a map': mapBlocks(1),
  'a block a pair': pairBlocks,
} satisfies Record<string, (room: Room) => Design>;

export type DesignName = keyof typeof DESIGNS;
