// The public door of Heddle.
export { type ErrorCode, HeddleError } from './core/errors.js';
