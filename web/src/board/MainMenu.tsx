// The editor's menu, with what concerns the board as a whole.
import { useNavigate } from 'react-router-dom'
import { useState } from 'react'
import {
  DefaultMainMenu,
  EditSubmenu,
  ExtrasGroup,
  PreferencesGroup,
  ToggleTransparentBgMenuItem,
  TldrawUiMenuGroup,
  TldrawUiMenuItem,
  TldrawUiMenuSubmenu,
  ViewSubmenu,
  useEditor,
} from 'tldraw'
import { useFailed, useToast } from '../components/Toasts'
import { useUser } from '../lib/query'
import { useDuplicateRoom, useImportRoom } from '../lib/rooms'
import { HistoryMenuGroup } from '../history/HistoryDoor'
import { t } from '../texts'
import { useBoard } from './BoardContext'
import { savePdf, savePicture, saveTldr } from './exports'

export function MainMenu() {
  const user = useUser()

  return (
    <DefaultMainMenu>
      <TldrawUiMenuGroup id="basic">
        <EditSubmenu />
        <ViewSubmenu />
        <ExportSubmenu />
        <ExtrasGroup />
      </TldrawUiMenuGroup>
      <HistoryMenuGroup />
      {user && <BoardGroup />}
      <PreferencesGroup />
    </DefaultMainMenu>
  )
}

function ExportSubmenu() {
  const editor = useEditor()
  const toast = useToast()
  const { room, link } = useBoard()
  const [busy, setBusy] = useState(false)

  const saved = async (saving: Promise<unknown>) => {
    setBusy(true)
    try {
      if ((await saving) === false) toast({ text: t.board.nothingToExport })
    } catch {
      toast({ text: t.board.exportFailed, tone: 'error' })
    }
    setBusy(false)
  }

  return (
    <TldrawUiMenuSubmenu id="export-all-as" label="context-menu.export-all-as" size="small">
      <TldrawUiMenuGroup id="export-all-as-group">
        <TldrawUiMenuItem id="export-svg" label="SVG" readonlyOk disabled={busy} onSelect={() => void saved(savePicture(editor, 'svg', room.name))} />
        <TldrawUiMenuItem id="export-png" label="PNG" readonlyOk disabled={busy} onSelect={() => void saved(savePicture(editor, 'png', room.name))} />
        <TldrawUiMenuItem id="export-pdf" label="PDF" readonlyOk disabled={busy} onSelect={() => void saved(savePdf(editor, room.name))} />
        <TldrawUiMenuItem id="export-tldr" label=".tldr" readonlyOk disabled={busy} onSelect={() => void saved(saveTldr(room, link))} />
      </TldrawUiMenuGroup>
      <TldrawUiMenuGroup id="export-all-as-bg">
        <ToggleTransparentBgMenuItem />
      </TldrawUiMenuGroup>
    </TldrawUiMenuSubmenu>
  )
}

function BoardGroup() {
  const navigate = useNavigate()
  const { room } = useBoard()
  const duplicate = useDuplicateRoom()
  const load = useImportRoom()
  const failed = useFailed()
  const open = (made: { id: string }) => navigate(`/board/${made.id}`)

  const importFile = () => {
    const input = document.createElement('input')
    input.type = 'file'
    input.accept = '.tldr,.excalidraw'
    input.onchange = () => {
      const file = input.files?.[0]
      if (file) void load.mutateAsync(file).then(open, failed)
    }
    input.click()
  }

  return (
    <TldrawUiMenuGroup id="tidraw-board">
      <TldrawUiMenuItem
        id="duplicate-board"
        label={t.board.duplicate}
        readonlyOk
        onSelect={() => void duplicate.mutateAsync(room).then(open, failed)}
      />
      <TldrawUiMenuItem id="import-file" label={t.board.importFile} readonlyOk onSelect={importFile} />
    </TldrawUiMenuGroup>
  )
}
