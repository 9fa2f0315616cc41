// What is set up when the editor is there.
import type { Editor } from 'tldraw'

export function mount(editor: Editor): void {
  if (!allInView(editor)) editor.zoomToFit({ immediate: true })
}

/* in a frame one sees the whole board first */
export function mountEmbedded(editor: Editor): void {
  if (editor.getCurrentPageShapeIds().size > 0) editor.zoomToFit({ immediate: true })
}

/* who opens a board, on a phone above all, is to see what there is */
function allInView(editor: Editor): boolean {
  const bounds = editor.getCurrentPageBounds()

  return bounds === undefined || editor.getViewportPageBounds().contains(bounds)
}
