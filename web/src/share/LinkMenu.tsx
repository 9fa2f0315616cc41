// What an owner can do with a link that exists.
import { DotsHorizontalIcon, TrashIcon } from '@radix-ui/react-icons'
import { DropdownMenu, IconButton } from '@radix-ui/themes'
import { useFailed, useToast } from '../components/Toasts'
import { type LinkChange, useChangeLink, useRevokeLink } from '../lib/sharing'
import type { LinkRole, Room, ShareLink } from '../lib/types'
import { t } from '../texts'
import { EXPIRIES, expiresAt } from './expiry'

export function LinkMenu({ room, link }: { room: Room; link: ShareLink }) {
  const toast = useToast()
  const revoke = useRevokeLink(room.id)
  const change = useChangeLink(room.id)
  const failed = useFailed()

  const set = (next: Partial<LinkChange>) =>
    void change.mutateAsync({ id: link.id, role: link.role, expires_at: link.expires_at, ...next }).catch(failed)

  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger>
        <IconButton
          variant="ghost"
          color="gray"
          loading={change.isPending || revoke.isPending}
          aria-label={t.share.linkActions[link.role]}
        >
          <DotsHorizontalIcon />
        </IconButton>
      </DropdownMenu.Trigger>
      <DropdownMenu.Content align="end">
        <DropdownMenu.RadioGroup value={link.role} onValueChange={(role) => set({ role: role as LinkRole })}>
          <DropdownMenu.RadioItem value="viewer">{t.roles.viewer}</DropdownMenu.RadioItem>
          <DropdownMenu.RadioItem value="editor">{t.roles.editor}</DropdownMenu.RadioItem>
        </DropdownMenu.RadioGroup>
        <DropdownMenu.Separator />
        {EXPIRIES.map((e) => (
          <DropdownMenu.Item key={e} onSelect={() => set({ expires_at: expiresAt(e) })}>
            {t.share.expiries[e]}
          </DropdownMenu.Item>
        ))}
        <DropdownMenu.Separator />
        <DropdownMenu.Item
          color="red"
          onSelect={() => void revoke.mutateAsync(link.id).then(() => toast({ text: t.share.revoked }), failed)}
        >
          <TrashIcon /> {t.share.revokeLink}
        </DropdownMenu.Item>
      </DropdownMenu.Content>
    </DropdownMenu.Root>
  )
}
