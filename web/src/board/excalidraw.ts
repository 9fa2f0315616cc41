// The editor's part of a file of Excalidraw: it is drawn on the new board that waits
// for it. tldraw reads it, but for frames, and has images as files of the board.
import { type Editor, type TLAssetStore, type TLGeoShape, type VecLike, AssetRecordType, createShapeId, putExcalidrawContent } from 'tldraw'
import { type Drawing, FRAME, takeDrawing } from '../lib/excalidraw'

/* what waits for this board, if anything does */
export async function drawWaiting(editor: Editor, room: string, assets: TLAssetStore): Promise<void> {
  const drawing = takeDrawing(room)
  if (!drawing) return

  const content = { ...drawing, files: await uploaded(drawing, assets) }
  let drawn = Promise.resolve()

  /* it draws at once, what is locked among it */
  editor.run(
    () => {
      drawn = putExcalidrawContent(editor, content)
      frames(editor)
      editor.selectNone()
    },
    { ignoreShapeLock: true },
  )
  await drawn

  editor.zoomToFit({ immediate: true })
  editor.clearHistory()

  if (drawing.elements.length > 0 && editor.getCurrentPageShapeIds().size === 0) throw new Error('Nothing was drawn')
}

/* images become files of the board, as if they had been dropped on it */
async function uploaded({ elements, files }: Drawing, assets: TLAssetStore) {
  const stored: Drawing['files'] = {}

  for (const id of new Set(elements.map((e) => String(e.fileId)))) {
    const [, type, base64] = /^data:(image\/[\w.+-]+);base64,(.*)$/s.exec(String(files[id]?.dataURL)) ?? []
    if (!type || !base64) continue

    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))
    const file = new File([bytes], 'image', { type })
    const asset = AssetRecordType.create({
      type: 'image',
      props: { w: 1, h: 1, name: file.name, isAnimated: false, mimeType: file.type, src: null, fileSize: file.size },
    })
    const { src } = await assets.upload(asset, file)

    stored[id] = { dataURL: src, mimeType: file.type, size: file.size }
  }

  return stored
}

/* what lies within a frame moves with it */
function frames(editor: Editor): void {
  const marks = editor
    .getCurrentPageShapes()
    .filter((s): s is TLGeoShape => s.type === 'geo' && (s as TLGeoShape).props.url.startsWith(FRAME))

  for (const mark of marks) {
    const { x, y, index, props } = mark
    const id = createShapeId()
    const inside = ({ x, y }: VecLike) => x >= mark.x && y >= mark.y && x <= mark.x + props.w && y <= mark.y + props.h

    editor.deleteShape(mark.id)

    const children = editor.getCurrentPageShapes().filter((s) => {
      const bounds = editor.getShapePageBounds(s)
      return s.parentId === editor.getCurrentPageId() && bounds && inside(bounds.point) && inside({ x: bounds.maxX, y: bounds.maxY })
    })

    editor.createShape({
      id,
      type: 'frame',
      x,
      y,
      index,
      props: { w: props.w, h: props.h, name: decodeURIComponent(props.url.slice(FRAME.length)) },
    })
    editor.reparentShapes(children, id)
  }
}
