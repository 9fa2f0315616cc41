// At the right: who is here, sharing, the account.
import { GearIcon, Share1Icon } from '@radix-ui/react-icons'
import { Button, IconButton } from '@radix-ui/themes'
import { useEffect, useState } from 'react'
import { PeopleMenu, PORTRAIT_BREAKPOINT, useBreakpoint, useEditor } from 'tldraw'
import { AccountMenu } from '../components/AccountMenu'
import { t } from '../texts'
import { useBoard } from './BoardContext'
import { Slot } from './Slot'

export function SharePanel() {
  const { sharing, setSharing } = useBoard()
  const narrow = useBreakpoint() < PORTRAIT_BREAKPOINT.TABLET_SM
  const [menuOpen, setMenuOpen] = useState(false)

  useQuietKeys('share', sharing)
  useQuietKeys('account', menuOpen)

  return (
    <div className="td-share" draggable={false}>
      <PeopleMenu />
      <Slot className="td-share-actions">
        <Button size="2" aria-label={t.share.title} aria-haspopup="dialog" onClick={() => setSharing(true)}>
          <Share1Icon /> {!narrow && t.share.title}
        </Button>
        <AccountMenu
          onOpenChange={setMenuOpen}
          trigger={
            <IconButton variant="soft" color="gray" aria-label={t.account.menu}>
              <GearIcon />
            </IconButton>
          }
        />
      </Slot>
    </div>
  )
}

/* while a menu or a dialogue of ours is open, keys are not for the canvas */
function useQuietKeys(name: string, open: boolean) {
  const editor = useEditor()

  useEffect(() => {
    if (!open) return
    editor.menus.addOpenMenu(name)
    return () => editor.menus.deleteOpenMenu(name)
  }, [editor, name, open])
}
