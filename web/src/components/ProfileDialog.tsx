import { Dialog } from '@radix-ui/themes'
import { t } from '../texts'
import { ProfileForm } from './ProfileForm'

interface Props {
  open: boolean
  onOpenChange: (open: boolean) => void
}

export function ProfileDialog({ open, onOpenChange }: Props) {
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Content maxWidth="420px">
        <Dialog.Title mb="1">{t.account.profile}</Dialog.Title>
        <Dialog.Description size="2" color="gray" mb="4">
          {t.account.profileText}
        </Dialog.Description>
        <ProfileForm onDone={() => onOpenChange(false)} />
      </Dialog.Content>
    </Dialog.Root>
  )
}
