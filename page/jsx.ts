// What JSX becomes: the build gives every file these names.
export { Fragment, h } from 'preact'
