// What is set up when the editor is there.
import type { Editor } from 'tldraw'
import { registerBookmarks } from './content'

export function mount(editor: Editor): void {
  registerBookmarks(editor)
  if (nothingInView(editor)) editor.zoomToFit({ immediate: true })
}

/* in a frame one sees the whole board first */
export function mountEmbedded(editor: Editor): void {
  registerBookmarks(editor)
  if (editor.getCurrentPageShapeIds().size > 0) editor.zoomToFit({ immediate: true })
}

function nothingInView(editor: Editor): boolean {
  const shapes = editor.getCurrentPageShapes()
  const view = editor.getViewportPageBounds()

  return shapes.length > 0 && !shapes.some((s) => editor.getShapePageBounds(s)?.collides(view))
}
