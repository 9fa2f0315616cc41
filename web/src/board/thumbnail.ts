// The picture of a board in the list. The editor makes it some time after a
// change, and once more when one leaves.
import { Box, type Editor } from 'tldraw'
import { putThumbnail } from '../lib/rooms'

const WIDTH = 640
const HEIGHT = 320
const SETTLE = 3000
const PAUSE = 20_000

/* a board with more than these is drawn by what the page shows */
const MANY = 1500

export class Thumbnail {
  private dirty = false
  private timer = 0
  private last = 0
  private readonly stopListening: () => void

  constructor(
    private readonly editor: Editor,
    private readonly room: string,
    private readonly link: string | null,
    missing: boolean,
  ) {
    this.stopListening = editor.store.listen(() => this.changed(), { source: 'user', scope: 'document' })
    if (missing && editor.getCurrentPageShapeIds().size > 0) this.changed()
  }

  stop() {
    this.stopListening()
    clearTimeout(this.timer)
  }

  private changed() {
    this.dirty = true
    clearTimeout(this.timer)
    this.timer = window.setTimeout(this.flush, Math.max(SETTLE, this.last + PAUSE - Date.now()))
  }

  /* the picture is the last thing to trouble somebody with: the next change
     tries again */
  readonly flush = async (): Promise<void> => {
    if (!this.dirty) return
    clearTimeout(this.timer)
    this.dirty = false
    this.last = Date.now()

    try {
      await putThumbnail(this.room, this.link, await draw(this.editor))
    } catch {
      this.dirty = true
    }
  }
}

async function draw(editor: Editor): Promise<Blob> {
  const all = editor.getCurrentPageShapes()
  const view = editor.getViewportPageBounds()
  const shown = all.length > MANY ? all.filter((s) => editor.getShapePageBounds(s)?.collides(view)) : all

  if (shown.length === 0) return blank()

  const { blob } = await editor.toImage(shown, {
    format: 'webp',
    quality: 0.8,
    background: true,
    darkMode: false,
    padding: 0,
    pixelRatio: 1,
    ...frame(Box.Common(shown.flatMap((s) => editor.getShapePageBounds(s) ?? []))),
  })
  return blob
}

/* room around the shapes, in the proportions of the list */
function frame(shapes: Box): { bounds: Box; scale: number } {
  const width = Math.max(shapes.w * 1.1, shapes.h * 1.1 * (WIDTH / HEIGHT), WIDTH)
  const height = width * (HEIGHT / WIDTH)
  const { x, y } = shapes.center

  return { bounds: new Box(x - width / 2, y - height / 2, width, height), scale: WIDTH / width }
}

function blank(): Promise<Blob> {
  const canvas = document.createElement('canvas')
  canvas.width = WIDTH
  canvas.height = HEIGHT
  const context = canvas.getContext('2d')
  if (context) {
    context.fillStyle = '#f9fafb'
    context.fillRect(0, 0, WIDTH, HEIGHT)
  }

  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('No picture'))), 'image/png'),
  )
}
