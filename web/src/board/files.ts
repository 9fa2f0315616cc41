// Pictures and videos that are dropped, pasted or chosen. A shape is made when its
// file is on the server and not before, as the editor would by itself: others would
// look at an empty frame meanwhile, and one whose upload failed would stay for ever.
import {
  type Editor,
  type TLAsset,
  type TLImageShape,
  type TLShapePartial,
  type TLVideoShape,
  Vec,
  createShapesForAssets,
} from 'tldraw'
import { t } from '../texts'
import { UploadError } from './assetsUpload'
import { IMAGE_TYPES, VIDEO_TYPES, sizeText } from './content'

interface Outside {
  maxAssetSize: number
  /* says why a file is not on the board; what an upload failed of is said elsewhere */
  tell: (text: string) => void
  /* true: somebody else takes care of this file */
  otherwise: (file: File) => boolean
}

export function registerFiles(editor: Editor, { maxAssetSize, tell, otherwise }: Outside): void {
  const uploaded = async (file: File): Promise<TLAsset | null> => {
    if (otherwise(file)) return null

    const refused = ![...IMAGE_TYPES, ...VIDEO_TYPES].includes(file.type)
      ? t.board.fileType
      : file.size > maxAssetSize && t.board.fileTooBig(sizeText(maxAssetSize))

    if (refused) {
      tell(refused)
      return null
    }

    try {
      return (await editor.getAssetForExternalContent({ type: 'file', file })) ?? null
    } catch (error) {
      if (!(error instanceof UploadError)) tell(t.board.fileUnreadable(file.name))
      return null
    }
  }

  editor.registerExternalContentHandler('files', async ({ files, point }) => {
    if (files.length > editor.options.maxFilesAtOnce) return tell(t.board.tooManyFiles(editor.options.maxFilesAtOnce))

    const { shiftKey, currentPagePoint } = editor.inputs
    const where = Vec.From(point ?? (shiftKey ? currentPagePoint : editor.getViewportPageBounds().center))
    const assets = (await Promise.all(files.map(uploaded))).filter((a) => a !== null)

    if (assets.length === 0 || editor.isDisposed) return

    /* who draws or writes by now goes on with that */
    const selected = editor.isIn('select.idle') ? null : editor.getSelectedShapeIds()

    editor.markHistoryStoppingPoint('files')
    editor.run(() => {
      for (const asset of assets) keep(editor, asset)
      void createShapesForAssets(editor, assets, where)
      if (selected) editor.setSelectedShapes(selected)
    })
  })

  /* as a file: the editor would put it into the page to measure it */
  editor.registerExternalContentHandler('svg-text', ({ text, point }) =>
    editor.putExternalContent({ type: 'files', files: [new File([text], 'image.svg', { type: 'image/svg+xml' })], ...(point && { point }) }),
  )

  editor.registerExternalContentHandler('file-replace', async ({ file, shapeId }) => {
    const asset = await uploaded(file)
    const shape = editor.isDisposed ? undefined : editor.getShape<TLImageShape | TLVideoShape>(shapeId)
    if (!asset || !shape || shape.type !== asset.type) return

    editor.run(() => {
      keep(editor, asset)
      editor.updateShape(replaced(shape, asset))
    })
  })
}

/* the same file may be on the board already, even without what was uploaded now */
function keep(editor: Editor, asset: TLAsset) {
  if (editor.getAsset(asset.id)) editor.updateAssets([asset])
  else editor.createAssets([asset])
}

/* what was cropped keeps its frame, which the middle of the new picture fills */
function replaced(shape: TLImageShape | TLVideoShape, asset: TLAsset): TLShapePartial {
  const { id, type } = shape
  const { w, h } = asset.props as { w: number; h: number }

  if (shape.type === 'image' && shape.props.crop) {
    const scale = Math.max(shape.props.w / w, shape.props.h / h)
    const x = (1 - shape.props.w / (w * scale)) / 2
    const y = (1 - shape.props.h / (h * scale)) / 2
    const crop = { ...shape.props.crop, topLeft: { x, y }, bottomRight: { x: 1 - x, y: 1 - y } }

    return { id, type, props: { assetId: asset.id, crop } }
  }

  return { id, type, props: { assetId: asset.id, w, h } }
}
