/* tldraw comes with it: only who is about to open a board loads it */
export const loadBoard = () => import('../pages/Board')
